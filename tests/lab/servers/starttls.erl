%% SMTP with STARTTLS on Erlang's ssl, every version and suite it has:
%%   erl -run starttls main ADDRESS CERTIFICATE KEY DHPARAMETERS
-module(starttls).
-export([main/1]).
-define(SILENCE_MS, 30000).

main([Address, Certificate, Key, DhParameters]) ->
    logger:set_primary_config(level, none),
    {ok, _} = application:ensure_all_started(ssl),
    Versions = ['tlsv1.3', 'tlsv1.2', 'tlsv1.1', tlsv1],
    Options = [{certfile, Certificate}, {keyfile, Key}, {dhfile, DhParameters},
               {versions, Versions}, {ciphers, lists:flatmap(fun suites/1, Versions)}],
    {ok, Ip} = inet:parse_address(Address),
    {ok, Listener} = gen_tcp:listen(25, [binary, {ip, Ip}, {active, false}, {packet, line},
                                         {reuseaddr, true}, {backlog, 511}]),
    accept(Listener, Options).

suites('tlsv1.3') -> ssl:cipher_suites(exclusive, 'tlsv1.3');
suites(Version) -> ssl:cipher_suites(all, Version) ++ ssl:cipher_suites(exclusive_anonymous, Version).

accept(Listener, Options) ->
    {ok, Socket} = gen_tcp:accept(Listener),
    Pid = spawn(fun() ->
        receive go -> ok end,
        gen_tcp:send(Socket, "220 otp.mx.test ESMTP\r\n"),
        in_clear(Socket, Options)
    end),
    ok = gen_tcp:controlling_process(Socket, Pid),
    Pid ! go,
    accept(Listener, Options).

in_clear(Socket, Options) ->
    case verb(gen_tcp:recv(Socket, 0, ?SILENCE_MS)) of
        "EHLO" -> gen_tcp:send(Socket, "250-otp.mx.test\r\n250 STARTTLS\r\n"), in_clear(Socket, Options);
        "STARTTLS" ->
            inet:setopts(Socket, [{packet, raw}]),   % before the client may send its hello
            gen_tcp:send(Socket, "220 2.0.0 ready\r\n"),
            case ssl:handshake(Socket, Options, ?SILENCE_MS) of
                {ok, Secure} -> ssl:setopts(Secure, [{packet, line}]), in_tls(Secure);
                _ -> gen_tcp:close(Socket)
            end;
        "QUIT" -> gen_tcp:send(Socket, "221 2.0.0 bye\r\n"), gen_tcp:close(Socket);
        closed -> gen_tcp:close(Socket);
        _ -> gen_tcp:send(Socket, "250 2.0.0 ok\r\n"), in_clear(Socket, Options)
    end.

in_tls(Secure) ->
    case verb(ssl:recv(Secure, 0, ?SILENCE_MS)) of
        "QUIT" -> ssl:send(Secure, "221 2.0.0 bye\r\n"), ssl:close(Secure);
        closed -> ssl:close(Secure);
        _ -> ssl:send(Secure, "250 2.0.0 ok\r\n"), in_tls(Secure)
    end.

verb({ok, Line}) -> hd(string:tokens(string:uppercase(binary_to_list(Line)), " \r\n") ++ [""]);
verb(_) -> closed.
