/* A directory of a test's own, and small files in it. */
#ifndef TEST_FILES_H
#define TEST_FILES_H

/* A fresh directory below the temporary one; goes away with files_remove. */
const char *files_directory(void);
void files_remove(void);

/* Writes a file at a path below that directory, and the directories on the way. */
void files_write(const char *path, const char *text);

#endif
