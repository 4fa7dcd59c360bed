/* Test only: a CUDA driver and an NVRTC in one library, whose device is g++ with cuda_shim.h.
 * $SHIM_HEADER is that header, $SHIM_FOLDER a folder for what is compiled. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef void (*launcher)(const unsigned *, const unsigned *, void **);

static int without_contraction;

int cuInit(unsigned flags) { return flags == 0 ? 0 : 1; }
int cuDriverGetVersion(int *version) { return *version = 13000, 0; }
int cuDeviceGetCount(int *count) { return *count = getenv("SHIM_NO_DEVICE") == NULL, 0; }
int cuDeviceGet(int *device, int number) { return *device = number, 0; }
int cuDeviceGetName(char *name, int bytes, int device) { return (void)device, snprintf(name, (size_t)bytes, "shim"), 0; }
int cuDeviceGetAttribute(int *value, int key, int device) { return (void)device, *value = key == 75 ? 9 : 0, 0; }
int cuDevicePrimaryCtxRetain(void **context, int device) { return (void)device, *context = context, 0; }
int cuCtxSetCurrent(void *context) { return context == NULL; }
int cuCtxSynchronize(void) { return 0; }
int cuMemAlloc_v2(uint64_t *memory, size_t bytes) {
    *memory = (uint64_t)(uintptr_t)malloc(bytes);
    if (*memory != 0) {
        memset((void *)(uintptr_t)*memory, 0xA5, bytes);
    }
    return *memory == 0;
}
int cuMemcpyHtoD_v2(uint64_t to, const void *from, size_t bytes) {
    return memcpy((void *)(uintptr_t)to, from, bytes) == NULL;
}
int cuMemcpyDtoH_v2(void *to, uint64_t from, size_t bytes) {
    return memcpy(to, (const void *)(uintptr_t)from, bytes) == NULL;
}
int cuModuleLoadData(void **module, const void *image) {
    return (*module = strncmp(image, "code:", 5) == 0 ? strdup((const char *)image + 5) : NULL) == NULL ? 209 : 0;
}
int cuModuleGetFunction(void **function, void *module, const char *name) {
    char base[512], command[4096];
    snprintf(base, sizeof base, "%s/%s_%d", getenv("SHIM_FOLDER"), name, (int)getpid());
    snprintf(command, sizeof command, "%s.cpp", base);
    FILE *file = fopen(command, "w");
    fprintf(file, "#include \"%s\"\n%s\nSHIM_KERNEL(%s)\n", getenv("SHIM_HEADER"), (const char *)module, name);
    fclose(file);
    snprintf(command, sizeof command, "g++ -std=c++17 -O1 -ffp-contract=off -w -shared -fPIC %s.cpp -o %s.so", base, base);
    if (system(command) != 0) {
        return 500;
    }
    snprintf(command, sizeof command, "%s.so", base);
    void *library = dlopen(command, RTLD_NOW);
    snprintf(command, sizeof command, "%s_launch", name);
    return (*function = library != NULL ? dlsym(library, command) : NULL) == NULL ? 500 : 0;
}
int cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, void *stream, void **arguments, void **extra) {
    const unsigned grid[] = {gx, gy, gz}, block[] = {bx, by, bz};
    launcher run;
    memcpy(&run, &function, sizeof run);
    run(grid, block, arguments);
    return shared != 0 || stream != NULL || extra != NULL;
}

int nvrtcCreateProgram(char **program, const char *source, const char *name, int headers, const void *texts,
                       const void *names) {
    (void)name, (void)texts, (void)names;
    return headers != 0 || asprintf(program, "code:%s", source) < 0;
}
int nvrtcDestroyProgram(char **program) { return free(*program), *program = NULL, 0; }
int nvrtcCompileProgram(char *program, int count, const char *const *options) {
    without_contraction = 0;
    for (int i = 0; i < count; i++) {
        without_contraction |= strcmp(options[i], "--fmad=false") == 0;
    }
    return program == NULL || !without_contraction ? 6 : 0;
}
int nvrtcGetProgramLogSize(char *program, size_t *bytes) { return (void)program, *bytes = 32, 0; }
int nvrtcGetProgramLog(char *program, char *log) { return (void)program, strcpy(log, "products are contracted"), 0; }
int nvrtcGetCUBINSize(char *program, size_t *bytes) { return *bytes = strlen(program) + 1, 0; }
int nvrtcGetCUBIN(char *program, char *code) { return strcpy(code, program) == NULL; }
