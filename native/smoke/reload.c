/* Loads the library, calls it, and closes it: three times, as hosts of plug-ins do. It is linked without the library. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void fail(void)
{
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
}

int main(int count, char **arguments)
{
    for (int round = 0; round < 3 && count > 1; round++) {
        void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
        if (library == NULL)
            fail();
        uint32_t (*version)(void);
        *(void **)&version = dlsym(library, "coquic_ffi_abi_version");
        if (version == NULL)
            fail();
        printf("version %u, ", version());
        dlclose(library);
        /* The runtime's own threads may be in the midst of its code. */
        printf("%s\n", dlopen(arguments[1], RTLD_NOW | RTLD_NOLOAD) != NULL ? "stays" : "is gone");
    }

    return 0;
}
