// Parts of replacing a file. Functions answer an errno, or 0, where not said otherwise.
#ifndef GRAPEVINE_REPLACE_H
#define GRAPEVINE_REPLACE_H
#include "CLinux.h"

#ifdef __linux__
// Makes a file that was not there, in place of one of that name. Answers its descriptor, or -1.
int clinux_create(const char *path);
int clinux_write_whole(int descriptor, const uint8_t *bytes, uint64_t length);
int clinux_sync_directory(const char *directory);
#endif
#endif
