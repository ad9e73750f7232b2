/* db_array.h - a PostgreSQL array in its text form, for a parameter or a column: {"a","b",NULL}. */
#ifndef MXG_DB_ARRAY_H
#define MXG_DB_ARRAY_H

#include <stddef.h>

/* All zero is an empty array. Free with db_array_free(). */
struct db_array {
    char *text;
    size_t len, cap;
    size_t count; /* of elements */
};

/* value: sanitised text (text.h) of any type that the array may have; NULL = SQL null. */
void db_array_add(struct db_array *array, const char *value);
void db_array_add_number(struct db_array *array, long long value);

/* "{…}", the array's own until it is added to, emptied or freed. */
const char *db_array_text(struct db_array *array);

/* Takes out all elements, and keeps the memory for the next ones. */
void db_array_clear(struct db_array *array);
void db_array_free(struct db_array *array);

#endif
