/* How a boot ends: what is written to QEMU's debug exit, which ends it with status (code << 1) | 1. */
#ifndef FERRULE_REDOX_END_H
#define FERRULE_REDOX_END_H

#include <stdint.h>

enum redox_end {
    END_STATUS = 0x20, /* + exit status of the last process */
    END_FAULT = 0x40,  /* + kind of the exception that ended a process */
    END_LOADER = 0x60, /* the loader refused: the reason is on the console */
    END_ERA = 0x61,    /* the kernel's calls are of another era */
    END_START = 0x62,  /* the kernel refused what the program needs to start; the reason is on the console */
};

static inline void port_write(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline uint8_t port_read(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* 16550 UART (National Semiconductor PC16550D data sheet, table II), at the PC's usual places. */
enum { CONSOLE_PORT = 0x3F8, RECORDS_PORT = 0x2F8, LINE_STATUS = 5, ROOM = 0x20, EMPTY = 0x40 };

static inline void serial_send(uint16_t port, const char *bytes, uint64_t length) {
    for (uint64_t i = 0; i < length; i++) {
        while (!(port_read((uint16_t)(port + LINE_STATUS)) & ROOM))
            __builtin_ia32_pause();
        port_write(port, (uint8_t)bytes[i]);
    }
}

static inline _Noreturn void machine_end(unsigned code) {
    enum { DEBUG_EXIT = 0xF4 };
    while (!(port_read(RECORDS_PORT + LINE_STATUS) & EMPTY))
        __builtin_ia32_pause();
    for (;;)
        port_write(DEBUG_EXIT, (uint8_t)code);
}

#endif
