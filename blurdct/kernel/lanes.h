/* Statistics of LANES blocks side by side, and the reduction of LANES rows: one number of each in
 * every lane of a vector. Included once for every width of vector, with NAME, LANES and TARGET set.
 *
 * The formulas are those of features/bands.py, which is the reference.
 */

#define FN static inline TARGET
#define FORCED static inline TARGET ALWAYS_INLINE

typedef float NAME(vf) __attribute__((vector_size(4 * LANES)));
typedef int32_t NAME(vi) __attribute__((vector_size(4 * LANES)));
#define vf NAME(vf)
#define vi NAME(vi)
#define FLOATS(bits) ((vf)(bits))
#define BITS(floats) ((vi)(floats))
#define ALL(number) ((number) + (vf){0})

FORCED vf NAME(load)(const float *from) { vf v; memcpy(&v, from, sizeof v); return v; }
FORCED void NAME(store)(float *to, vf v) { memcpy(to, &v, sizeof v); }
FORCED vf NAME(abs)(vf v) { return FLOATS(BITS(v) & 0x7fffffff); }
FORCED vf NAME(either)(vi first, vf a, vf b)
{
    return FLOATS((BITS(a) & first) | (BITS(b) & ~first));
}

FORCED vf NAME(max)(vf a, vf b)
{
#if LANES == 16
    return (vf)_mm512_max_ps((__m512)a, (__m512)b);
#elif LANES == 8
    return (vf)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined(__SSE2__)
    return (vf)_mm_max_ps((__m128)a, (__m128)b);
#else
    return NAME(either)(a > b, a, b);
#endif
}

FORCED vf NAME(min)(vf a, vf b) { return -NAME(max)(-a, -b); }

FORCED vf NAME(pixels)(const uint8_t *from)
{
#if LANES == 16
    return (vf)_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)from)));
#elif LANES == 8
    return (vf)_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)from)));
#elif LANES == 4 && defined(__SSE2__)
    int32_t four;
    memcpy(&four, from, 4);
    __m128i zero = _mm_setzero_si128(), bytes = _mm_cvtsi32_si128(four);
    return (vf)_mm_cvtepi32_ps(_mm_unpacklo_epi16(_mm_unpacklo_epi8(bytes, zero), zero));
#else
    vf v;
    for (int lane = 0; lane < LANES; lane++) v[lane] = from[lane];
    return v;
#endif
}

FORCED vf NAME(root)(vf v)
{
#if LANES == 16
    return (vf)_mm512_sqrt_ps((__m512)v);
#elif LANES == 8
    return (vf)_mm256_sqrt_ps((__m256)v);
#elif defined(__SSE2__)
    return (vf)_mm_sqrt_ps((__m128)v);
#else
    for (int lane = 0; lane < LANES; lane++) v[lane] = sqrtf(v[lane]);
    return v;
#endif
}

/* Of two vectors side by side the numbers at even places, and those at odd ones. */
#if LANES == 16
#define EVEN(a, b) MIXED(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#define ODD(a, b) MIXED(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
#elif LANES == 8
#define EVEN(a, b) MIXED(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
#define ODD(a, b) MIXED(a, b, 1, 3, 5, 7, 9, 11, 13, 15)
#else
#define EVEN(a, b) MIXED(a, b, 0, 2, 4, 6)
#define ODD(a, b) MIXED(a, b, 1, 3, 5, 7)
#endif

/* Numbers in their order -> those at even places, then those at odd ones: what turns the digits of
 * their places' numbers by one. Three times, and eight numbers of each block lie by number. */
#define UNZIP(count, v)                                        \
    do {                                                       \
        vf mixed[count];                                       \
        for (int i = 0; i < (count); i++) mixed[i] = (v)[i];   \
        for (int i = 0; i < (count) / 2; i++) {                \
            (v)[i] = EVEN(mixed[2 * i], mixed[2 * i + 1]);     \
            (v)[(count) / 2 + i] = ODD(mixed[2 * i], mixed[2 * i + 1]); \
        }                                                      \
    } while (0)

/* log2 of positive numbers, to 4e-7 and near 1 to 2e-5 of itself: the exponent, and of the rest t
 * in 0..1 t + t (1 - t) h(t), with h by least maximal error. */
FORCED vf NAME(log2)(vf v)
{
    vi bits = BITS(v);
    vf t = FLOATS((bits & 0x7fffff) | 0x3f800000) - 1.0f;
    vf h = t * -0.015209108f + 0.0633258615f;
    h = h * t + -0.129703792f;
    h = h * t + 0.195436394f;
    h = h * t + -0.277887797f;
    h = h * t + 0.44266644f;
    return __builtin_convertvector(bits - 0x3f800000, vf) * 0x1p-23f + (t - t * t) * h;
}

FORCED vf NAME(log1p)(vf v) { return NAME(log2)(v + 1.0f) * LN2; }

/* Orthonormal DCT-II of eight numbers, in place. */
FORCED void NAME(dct8)(vf x[8])
{
    vf s0 = x[0] + x[7], s1 = x[1] + x[6], s2 = x[2] + x[5], s3 = x[3] + x[4];
    vf d0 = x[0] - x[7], d1 = x[1] - x[6], d2 = x[2] - x[5], d3 = x[3] - x[4];
    vf e0 = s0 + s3, e1 = s1 + s2, f0 = s0 - s3, f1 = s1 - s2;
    x[0] = (e0 + e1) * COS4;
    x[4] = (e0 - e1) * COS4;
    x[2] = f0 * COS2 + f1 * COS6;
    x[6] = f0 * COS6 - f1 * COS2;
    x[1] = d0 * COS1 + d1 * COS3 + d2 * COS5 + d3 * COS7;
    x[3] = d0 * COS3 - d1 * COS7 - d2 * COS1 - d3 * COS5;
    x[5] = d0 * COS5 - d1 * COS1 + d2 * COS7 + d3 * COS3;
    x[7] = d0 * COS7 - d1 * COS5 + d2 * COS3 - d3 * COS1;
}

/* LANES blocks side by side -> CHANNELS numbers of each.
 *
 * from, stride: pixels of the first, and from a row to the next.
 * logs: log(1 + x) of means, deviations and energies.
 * to, step: the numbers of the first block are step apart, those of the next block beside them.
 *
 * Not made a part of its callers, which would round differently.
 */
static TARGET APART void NAME(describe)(const uint8_t *from, ptrdiff_t stride, int logs, float *to, ptrdiff_t step)
{
    vf rows[8][8], found[64], sectors[SECTORS];
    for (int part = 0; part < 8; part++) {
        vf x[8];
        for (int row = 0; row < 8; row++) x[row] = NAME(pixels)(from + row * stride + part * LANES);
        NAME(dct8)(x);
        for (int row = 0; row < 8; row++) rows[row][part] = x[row];
    }
    for (int row = 0; row < 8; row++) {
        vf x[8];
        for (int part = 0; part < 8; part++) x[part] = rows[row][part];
        UNZIP(8, x);
        UNZIP(8, x);
        UNZIP(8, x);
        NAME(dct8)(x);
        for (int column = 0; column < 8; column++) found[place[8 * row + column]] = x[column];
    }
    for (int band = 0; band < BANDS; band++) {
        vf sum = {0}, magnitude = {0}, energy = {0}, third = {0}, fourth = {0}, p_log_p = {0};
        for (int sector = 3 * band; sector < 3 * band + 3; sector++) {
            vf part = {0};
            for (int at = starts[sector]; at < starts[sector + 1]; at++) {
                vf c = found[at], power = c * c;
                sum += c;
                magnitude += NAME(abs)(c);
                part += power;
                third += power * c;
                fourth += power * power;
                p_log_p += power * NAME(log2)(power + 1e-12f);
            }
            energy += part;
            sectors[sector] = part * (1.0f / (starts[sector + 1] - starts[sector]));
        }
        float share = 1.0f / (starts[3 * band + 3] - starts[3 * band]);
        vf mean = sum * share, second = energy * share, square = mean * mean;
        third *= share, fourth *= share, p_log_p *= share * LN2;
        vf variance = second - square;
        vi textured = variance > ALL(FLAT);
        variance = NAME(max)(variance, ALL(FLAT));
        vf inverse = 1.0f / variance, std = NAME(root)(variance);
        vf skew = (third - mean * (3.0f * second - 2.0f * square)) * inverse * (inverse * std);
        vf kurt = fourth - 4.0f * mean * third + square * (6.0f * second - 3.0f * square);
        kurt = kurt * inverse * inverse - 3.0f;
        vf entropy = NAME(log2)(NAME(max)(energy, ALL(FLAT))) * LN2;
        entropy -= p_log_p / NAME(max)(second, ALL(FLAT));
        std = FLOATS(BITS(std) & textured);
        magnitude *= share;
        if (logs) {
            magnitude = NAME(log1p)(magnitude);
            std = NAME(log1p)(std);
            energy = NAME(log1p)(energy);
        }
        float *at = to + 6 * band * step;
        NAME(store)(at, magnitude);
        NAME(store)(at + step, std);
        NAME(store)(at + 2 * step, energy);
        NAME(store)(at + 3 * step, FLOATS(BITS(kurt) & textured));
        NAME(store)(at + 4 * step, FLOATS(BITS(skew) & textured));
        NAME(store)(at + 5 * step, FLOATS(BITS(entropy) & textured));
    }
    float *at = to + STATISTICS * step;
    for (int sector = 0; sector < SECTORS; sector++)
        NAME(store)(at + sector * step, logs ? NAME(log1p)(sectors[sector]) : sectors[sector]);
    NAME(store)(at + SECTORS * step, found[DC] * (1.0f / (8 * 255)));
}
