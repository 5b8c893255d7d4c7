#ifndef BALLAST_CSQLITE_SHIM_H
#define BALLAST_CSQLITE_SHIM_H
#include <sqlite3.h>

// SQLITE_TRANSIENT is a cast of −1 to a function pointer, which Swift does not import: SQLite copies the text.
static inline int ballast_sqlite_bind_text(sqlite3_stmt *statement, int index, const char *text, int size) {
  return sqlite3_bind_text(statement, index, text, size, SQLITE_TRANSIENT);
}

#endif
