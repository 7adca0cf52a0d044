/*
 * The runtime inside the library ignores SIGPIPE for the whole process when it starts. Nothing here writes to a pipe, and what becomes
 * of such writes is for the host to say, so the linker gives the runtime this function instead of the C library's (--wrap=signal).
 */
#include <signal.h>

typedef void (*handler_t)(int);

handler_t __real_signal(int number, handler_t handler);
handler_t __wrap_signal(int number, handler_t handler);

handler_t __wrap_signal(int number, handler_t handler) {
    return number == SIGPIPE ? SIG_DFL : __real_signal(number, handler);
}
