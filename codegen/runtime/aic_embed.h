/* Runtime of AI-COMPILER: files that become part of the program; paths are relative to the project. */
#ifndef AIC_EMBED_H
#define AIC_EMBED_H

#define AIC_EMBED_IN(section, symbol, path)                                                                   \
    __asm__(".pushsection " section "\n.globl " #symbol "\n.balign 16\n" #symbol ":\n.incbin \"" path "\"\n"  \
            ".globl " #symbol "_end\n" #symbol "_end:\n.byte 0\n.popsection\n");

/* Read-only text from `symbol` to `symbol_end`. */
#define AIC_EMBED(symbol, path)                                                                               \
    AIC_EMBED_IN(".rodata", symbol, path)                                                                     \
    extern const char symbol[], symbol##_end[];

/* Kernels for CUDA, in the two fields of a plan that are for them. */
#ifdef AIC_WITH_CUDA
#define AIC_EMBED_CUDA(symbol, path) AIC_EMBED(symbol, path)
#define AIC_CUDA_IMAGE(symbol) symbol, symbol##_end
#else
#define AIC_EMBED_CUDA(symbol, path) extern const char symbol[];
#define AIC_CUDA_IMAGE(symbol) NULL, NULL
#endif

/* Initial values that the program may change; the user declares `symbol` with its type. */
#define AIC_EMBED_DATA(symbol, path) AIC_EMBED_IN(".data", symbol, path)

#endif
