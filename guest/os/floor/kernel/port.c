/* The way out: two serial ports, and the end of the machine. */
#include "kernel.h"

/* 16550 UART (National Semiconductor PC16550D data sheet, table II), at the PC's usual places. */
static const uint16_t serial[] = {[FLOOR_CONSOLE] = 0x3F8, [FLOOR_RECORDS] = 0x2F8};
enum { DATA = 0, INTERRUPT_ENABLE = 1, FIFO_CONTROL = 2, LINE_CONTROL = 3, MODEM_CONTROL = 4, LINE_STATUS = 5 };

void ports_init(void) {
    enum { EIGHT_BITS = 3, DIVISOR_ACCESS = 0x80, FIFO_ON_CLEAR = 7, DTR_RTS = 3 };
    for (unsigned i = 0; i < sizeof serial / sizeof *serial; i++) {
        out8(serial[i] + INTERRUPT_ENABLE, 0);
        out8(serial[i] + LINE_CONTROL, DIVISOR_ACCESS);
        out8(serial[i] + DATA, 1); /* 115200 baud */
        out8(serial[i] + INTERRUPT_ENABLE, 0);
        out8(serial[i] + LINE_CONTROL, EIGHT_BITS);
        out8(serial[i] + FIFO_CONTROL, FIFO_ON_CLEAR);
        out8(serial[i] + MODEM_CONTROL, DTR_RTS);
    }
}

void port_send(enum floor_port which, const char *bytes, uint64_t length) {
    enum { ROOM = 0x20 };
    for (uint64_t i = 0; i < length; i++) {
        while (!(in8(serial[which] + LINE_STATUS) & ROOM))
            __builtin_ia32_pause();
        out8(serial[which] + DATA, (uint8_t)bytes[i]);
    }
}

void say(const char *text) {
    uint64_t length = 0;
    while (text[length])
        length++;
    port_send(FLOOR_CONSOLE, text, length);
}

void say_number(uint64_t number) {
    char text[20];
    unsigned at = sizeof text;
    do
        text[--at] = (char)('0' + number % 10);
    while (number /= 10);
    port_send(FLOOR_CONSOLE, text + at, sizeof text - at);
}

void say_hex(uint64_t number) {
    char text[16];
    unsigned at = sizeof text;
    do
        text[--at] = "0123456789abcdef"[number & 15];
    while (number >>= 4);
    port_send(FLOOR_CONSOLE, text + at, sizeof text - at);
}

/* CALL_SAY */
long port_say(uint64_t which, uint64_t bytes, uint64_t length) {
    if (which > FLOOR_RECORDS)
        return -E_INVAL;
    for (uint64_t done = 0; done < length; done++) {
        const char *at = space_at(current->space, bytes + done, 0);
        if (!at)
            return -E_FAULT;
        port_send((enum floor_port)which, at, 1);
    }
    return (long)length;
}

void machine_end(unsigned code) {
    enum { DEBUG_EXIT = 0xF4 };
    enum { EMPTY = 0x40 }; /* transmitter, shift register and all */
    for (unsigned i = 0; i < sizeof serial / sizeof *serial; i++)
        while (!(in8(serial[i] + LINE_STATUS) & EMPTY))
            __builtin_ia32_pause();
    out8(DEBUG_EXIT, (uint8_t)code);
    for (;;)
        __asm__ volatile("cli\n\thlt");
}
