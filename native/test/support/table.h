/* Memory for a test's own notes: mapped and touched at once, so that it neither moves the libc heap
 * nor grows between two readings of the RSS. */
#ifndef TEST_TABLE_H
#define TEST_TABLE_H

#include <stddef.h>

void *table_new(size_t count, size_t bytes_each);
void table_free(void *table, size_t count, size_t bytes_each);

#endif
