/* Messages for people, on the console. */
#include "say.h"

#include "boot/serial.h"

void say(const char *text) {
    uint64_t length = 0;
    while (text[length])
        length++;
    serial_send(CONSOLE_PORT, text, length);
}

void say_number(uint64_t number) {
    char text[20];
    unsigned at = sizeof text;
    do
        text[--at] = (char)('0' + number % 10);
    while (number /= 10);
    serial_send(CONSOLE_PORT, text + at, sizeof text - at);
}

void say_hex(uint64_t number) {
    char text[16];
    unsigned at = sizeof text;
    do
        text[--at] = "0123456789abcdef"[number & 15];
    while (number >>= 4);
    serial_send(CONSOLE_PORT, text + at, sizeof text - at);
}
