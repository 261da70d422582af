/* Files, devices, directories, and their descriptors. */
#ifndef FERRULE_OPERATIONS_FILE_H
#define FERRULE_OPERATIONS_FILE_H

#ifndef OS_NULL_DEVICE /* discards what is written to it */
#define OS_NULL_DEVICE "/dev/null"
#endif
#ifndef OS_HAS_OPEN
OS_MISSING(os_open, const char *path, unsigned how)
OS_MISSING(os_remove, const char *path)
#endif
#ifndef OS_BAD_DESCRIPTOR /* the errno of a call on a descriptor that is not open: EBADF */
#define OS_BAD_DESCRIPTOR 9
#endif
#ifndef OS_HAS_FD
OS_MISSING(os_read, int fd, void *into, size_t length)
OS_MISSING(os_write, int fd, const void *from, size_t length)
OS_MISSING(os_close, int fd)
#endif
#ifndef OS_ZERO_DEVICE /* gives as many zero bytes as are asked for */
#define OS_ZERO_DEVICE "/dev/zero"
#endif
#ifndef OS_HAS_POSITION /* a descriptor's position in its file */
OS_MISSING(os_position, int fd)
#endif
#ifndef OS_HAS_FLAGS /* how a descriptor was opened (fcntl's F_GETFL) */
OS_MISSING(os_fd_flags, int fd)
#endif
#ifndef OS_HAS_DUP
OS_MISSING(os_dup, int fd)
#endif
#ifndef OS_HAS_OFFSETS /* reading and writing at an offset: by pread, or by a seek and a read */
OS_MISSING(os_read_at, int fd, void *into, size_t length, uint64_t offset)
OS_MISSING(os_write_at, int fd, const void *from, size_t length, uint64_t offset)
#endif
#ifndef OS_HAS_STATUS /* the length of a file, from its status */
OS_MISSING(os_status_of_path, const char *path)
OS_MISSING(os_status_of_fd, int fd)
#endif
#ifndef OS_HAS_DIRECTORY /* a directory's entries, as many as fit, from the descriptor's position on; 0 at the end */
OS_MISSING(os_directory_make, const char *path)
OS_MISSING(os_directory_remove, const char *path)
OS_MISSING(os_directory_read, int fd, void *into, size_t size)
OS_MISSING(os_directory_rewind, int fd)
#endif
#ifndef OS_HAS_FILE_LOCK /* exclusive, on the whole file; refused at once while another open file has it (flock) */
OS_MISSING(os_file_lock, int fd, int locked)
#endif

#endif
