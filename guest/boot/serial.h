/* A PC's serial ports, as kernels and first programs drive them: 16550 UARTs (National Semiconductor PC16550D data
 * sheet, table II) at their usual places. */
#ifndef FERRULE_SERIAL_H
#define FERRULE_SERIAL_H

#include <stdint.h>

enum { CONSOLE_PORT = 0x3F8, RECORDS_PORT = 0x2F8 };

static inline void out8(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline uint8_t in8(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

enum serial_register {
    SERIAL_DATA = 0,
    SERIAL_INTERRUPT_ENABLE = 1,
    SERIAL_FIFO_CONTROL = 2,
    SERIAL_LINE_CONTROL = 3,
    SERIAL_MODEM_CONTROL = 4,
    SERIAL_LINE_STATUS = 5,
};

/* 115200 baud, eight bits, no interrupts. */
static inline void serial_start(uint16_t port) {
    enum { EIGHT_BITS = 3, DIVISOR_ACCESS = 0x80, FIFO_ON_CLEAR = 7, DTR_RTS = 3 };
    out8(port + SERIAL_INTERRUPT_ENABLE, 0);
    out8(port + SERIAL_LINE_CONTROL, DIVISOR_ACCESS);
    out8(port + SERIAL_DATA, 1); /* the divisor's low byte, then its high one */
    out8(port + SERIAL_INTERRUPT_ENABLE, 0);
    out8(port + SERIAL_LINE_CONTROL, EIGHT_BITS);
    out8(port + SERIAL_FIFO_CONTROL, FIFO_ON_CLEAR);
    out8(port + SERIAL_MODEM_CONTROL, DTR_RTS);
}

static inline void serial_await(uint16_t port, uint8_t status) {
    while (!(in8(port + SERIAL_LINE_STATUS) & status))
        __builtin_ia32_pause();
}

static inline void serial_send(uint16_t port, const char *bytes, uint64_t length) {
    enum { ROOM = 0x20 };
    for (uint64_t i = 0; i < length; i++) {
        serial_await(port, ROOM);
        out8(port + SERIAL_DATA, (uint8_t)bytes[i]);
    }
}

/* Waits until everything sent has left the port. */
static inline void serial_drain(uint16_t port) {
    enum { EMPTY = 0x40 }; /* transmitter and shift register */
    serial_await(port, EMPTY);
}

#endif
