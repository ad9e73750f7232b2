/* probe_setup.c - see probe_setup.h. */
#include "probe/probe_setup.h"

static void apply_options(struct probe_config *config, const struct probe_options *options) {
    config->policy = (struct plan_policy){.per_version = options->per_version, .pq_strict = options->pq_strict};
    config->gap_ms = (uint64_t)options->gap_ms;
    config->deadline_ms = (uint64_t)options->deadline_ms;
    config->timeouts.greeting = (uint64_t)options->greeting_ms;
    config->timeouts.tls = (uint64_t)options->tls_ms;
}

bool probe_setup_open(struct probe_setup *setup, const struct probe_options *options, char *error, size_t cap) {
    setup->trust = trust_open(options->trust_store, error, cap);
    if (setup->trust)
        setup->forbidden = forbidden_open(options->blocklist, options->allow_reserved, error, cap);
    if (setup->forbidden == NULL)
        return false;
    setup->contexts = handshake_contexts_new();
    setup->chains = chain_cache_new(setup->trust, 0);
    setup->dane = dane_open();
    setup->config = probe_config_default(setup->chains, setup->contexts, options->ehlo_name);
    setup->config.dane = setup->dane;
    setup->config.forbidden = setup->forbidden;
    apply_options(&setup->config, options);
    return true;
}

void probe_setup_close(struct probe_setup *setup) {
    dane_close(&setup->dane);
    chain_cache_free(&setup->chains);
    handshake_contexts_free(&setup->contexts);
    forbidden_close(&setup->forbidden);
    trust_close(&setup->trust);
}
