/* The image (image.ld): addresses in memory of the program's parts, and its sizes. */
#ifndef FERRULE_FLOOR_IMAGE_H
#define FERRULE_FLOOR_IMAGE_H

extern const char user_start[], user_writable[], user_writable_load[], user_writable_load_end[], user_end[];
extern const char image_start[], image_end[], plan_load[];
extern const char floor_begin[], floor_main[]; /* start.c */

#endif
