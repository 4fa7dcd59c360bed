"""Words that no generated name may be: C11, C++17, OpenCL C 1.2, CUDA, and names in standard headers."""

from __future__ import annotations

_C = """
    auto break case char const continue default do double else enum extern float for goto if inline int
    long register restrict return short signed sizeof static struct switch typedef union unsigned void
    volatile while asm typeof near far huge
"""

_CPP = """
    alignas alignof and and_eq bitand bitor bool catch char16_t char32_t class compl concept consteval
    constexpr constinit const_cast co_await co_return co_yield decltype delete dynamic_cast explicit
    export false friend mutable namespace new noexcept not not_eq nullptr operator or or_eq private
    protected public requires reinterpret_cast static_assert static_cast template this thread_local
    throw true try typeid typename using virtual wchar_t xor xor_eq std main
"""

_OPENCL = """
    kernel global local constant generic read_only write_only read_write image1d_t image2d_t image3d_t
    sampler_t event_t half uchar ushort uint ulong size_t ptrdiff_t intptr_t uintptr_t vec_step uniform
    pipe barrier mem_fence read_mem_fence write_mem_fence prefetch printf as_float as_double as_int
    as_uint as_long as_ulong get_global_id get_local_id get_group_id get_global_size get_local_size
    get_num_groups get_work_dim abs abs_diff add_sat hadd rhadd clamp clz mad_hi mad_sat max min mul_hi
    rotate sub_sat upsample popcount mad24 mul24 degrees mix radians step smoothstep sign cross dot
    distance length normalize fast_distance fast_length select bitselect any all shuffle shuffle2
    isequal isgreater isless isfinite isinf isnan isnormal signbit maxmag minmag mad native_cos
    native_sin native_exp half_cos pown powr rootn rsqrt sincos sinpi cospi tanpi acospi asinpi atanpi
    atan2pi fract ilogb ldexp lgamma lgamma_r tgamma logb nan nextafter remainder remquo exp10
    atomic_add
"""

_CUDA = """
    threadIdx blockIdx blockDim gridDim warpSize dim3 __global__ __device__ __constant__ __shared__
"""

_STANDARD = """
    int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t intmax_t uintmax_t acos acosh asin
    asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs fdim floor fma fmax
    fmin fmod frexp hypot log log10 log1p log2 lrint llrint lround llround modf nearbyint pow rint round
    sin sinh sqrt tan tanh trunc j0 j1 jn y0 y1 yn gamma drem significand scalb finite memcpy memset
    memmove memcmp INFINITY NAN HUGE_VAL HUGE_VALF M_PI M_E NULL EOF errno INT8_C INT16_C INT32_C
    INT64_C UINT8_C UINT16_C UINT32_C UINT64_C INT_MAX INT_MIN UINT_MAX LONG_MAX LONG_MIN CHAR_BIT unix
    linux i386 signgam CL_VERSION_1_2
"""

_MATH_F = " ".join(f"{word}f" for word in _STANDARD.split() if word.islower() and not word.endswith("_t"))


def safe_name(name: str) -> str:
    """``name``, with an underscore where it would mean something else; names with one get another."""
    base = name.rstrip("_")
    return f"{name}_" if base in RESERVED or base.lower().startswith("aic_") else name


RESERVED = frozenset(" ".join((_C, _CPP, _OPENCL, _CUDA, _STANDARD, _MATH_F)).split())
