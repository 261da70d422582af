/* Conditions that only the guest knows, read from /proc and /sys with bounded buffers. What is absent is left out. */
#include "os/os.h"
#include "core/text.h"

typedef void (*fact_sink)(void *, const char *name, const char *value);
void os_facts(fact_sink fact, void *context) {
    fact(context, "clock_read", linux_start_state.vdso_clock ? "vdso" : "syscall");
}
