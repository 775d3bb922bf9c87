/* Loops over pixels, blocks and cells for Python; see kernel/__init__.py.
 *
 * Everything is made once for each width of vectors that the machine this was compiled for may
 * have, and chosen as the module is loaded. Arrays come as buffers, so neither NumPy's headers nor
 * one version of Python is needed.
 */

#ifndef Py_GIL_DISABLED
#define Py_LIMITED_API 0x030b0000
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#if !defined(__GNUC__)
#error "vectors as GCC and Clang have them are needed; without them NumPy does the same"
#endif
#define ALWAYS_INLINE __attribute__((always_inline))
#if defined(__clang__) || __GNUC__ >= 12
#define MIXED(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define MIXED(a, b, ...) __builtin_shuffle(a, b, (vi){__VA_ARGS__})
#endif
#if defined(__clang__)
#define LONG ""
#define APART __attribute__((noinline))
#else
#define LONG ",prefer-vector-width=512"
#define APART __attribute__((noinline, noclone))
#endif

#define SIZE 8 /* side of a block, pixels */
#define BANDS 3
#define SECTORS 9
#define STATISTICS 18
#define CHANNELS (STATISTICS + SECTORS + 1)
#define FLAT 1e-3f /* features/bands.py */
#define DC 63
#define LOOKS 14 /* at numbers that are ranked, before all are taken to be equal */
#define SCALES 3
#define MAPPED (SCALES * (STATISTICS + SECTORS) + 1 + SECTORS + 1) /* channels of a map */
#define LEAST 16 /* pixels of a side that is reduced, as many as the longest vector has lanes */
#define LN2 0.693147181f

/* cos(k pi / 16) / 2 */
#define COS1 0.490392640f
#define COS2 0.461939766f
#define COS3 0.415734806f
#define COS4 0.353553391f
#define COS5 0.277785117f
#define COS6 0.191341716f
#define COS7 0.0975451610f

typedef struct {
    const uint8_t *pixels;
    int width, height;
    ptrdiff_t stride;
} picture;

/* Pixels of a line that fall into one of the smaller line: the first, how many, their weights. */
typedef struct {
    int first, count;
    const float *weights;
} share;

/* Numbers of channels; see features/summary.py. */
typedef struct {
    int kept_count, difference_count;
    const int32_t *kept, *differences, *sectors, *noise;
    int energy, luma;
} channels;

typedef struct {
    float range;
    double strong, floor, third, quantiles[3];
} limits;

typedef struct {
    int lanes;
    void (*blocks)(picture, int, ptrdiff_t, int, float *, ptrdiff_t);
    void (*weighted)(picture, const float *, double *);
    void (*halves)(picture, uint8_t *, uint8_t *, uint16_t *);
    void (*map)(picture, picture, float *, uint8_t *);
    void (*area)(picture, uint8_t *, int, int, const share *, const share *, float *);
    void (*summarise)(const float *, int, const channels *, const limits *, float *, float *);
    void (*weigh)(picture, double, float, float *, float *);
    void (*lighter)(picture, int64_t *, int64_t *);
    void (*steps)(picture, int, int32_t *, int32_t *, uint8_t *);
} width;

/* Where each coefficient lies: by band, in it by direction, so that either is a run of places. */
static int place[64], starts[SECTORS + 1];

static void order(void)
{
    int count = 0;
    for (int sector = 0; sector < SECTORS; sector++) {
        starts[sector] = count;
        for (int down = 0; down < SIZE; down++)
            for (int across = 0; across < SIZE; across++) {
                int diagonal = down + across, band = diagonal < 5 ? 0 : diagonal < 9 ? 1 : 2;
                int direction = across > 2 * down ? 0 : down > 2 * across ? 2 : 1;
                if (diagonal && 3 * band + direction == sector) place[8 * down + across] = count++;
            }
    }
    starts[SECTORS] = count;
    place[0] = DC;
}

#if defined(__x86_64__)
#define LANES 16
#define NAME(word) word##_16
#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma" LONG)))
#include "width.h"
#define LANES 8
#define NAME(word) word##_8
#define TARGET __attribute__((target("avx2,fma")))
#include "width.h"
#endif
#define LANES 4
#define NAME(word) word##_4
#define TARGET
#include "width.h"

static const width *chosen = &made_4;

/* Takes the longest vectors that this machine has, of so many lanes at most. */
static int choose(int most)
{
    chosen = &made_4;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (most >= 8 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        chosen = &made_8;
    if (most >= 16 && chosen == &made_8 && __builtin_cpu_supports("avx512f")
        && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512vl"))
        chosen = &made_16;
#endif
    return chosen->lanes;
}

/* An argument: the format of its numbers, its axes, and whether it is written to. */
typedef struct {
    const char *kind;
    int axes, is_written;
} wanted;

static void release(Py_buffer *views, int count)
{
    while (count--) PyBuffer_Release(views + count);
}

/* The arguments' buffers, without gaps but between rows of pixels; 0 and an exception if they are
 * none. */
static int take(PyObject *args, const wanted *each, int count, Py_buffer *views)
{
    if (PyTuple_Size(args) != count) {
        PyErr_Format(PyExc_TypeError, "expected %d arrays", count);
        return 0;
    }
    for (int number = 0; number < count; number++) {
        Py_buffer *view = views + number;
        wanted one = each[number];
        int how = PyBUF_STRIDES | PyBUF_FORMAT | (one.is_written ? PyBUF_WRITABLE : 0);
        if (PyObject_GetBuffer(PyTuple_GetItem(args, number), view, how) < 0) {
            release(views, number);
            return 0;
        }
        int fits = view->ndim == one.axes && !strcmp(view->format, one.kind);
        Py_ssize_t step = view->itemsize;
        for (int axis = one.axes - 1; fits && axis >= 0; axis--) {
            Py_ssize_t stride = view->strides[axis], extent = view->shape[axis];
            int is_row = axis == 0 && one.axes == 2 && *one.kind == 'B' && !one.is_written;
            fits = extent > 0 && extent <= INT32_MAX
                   && (stride == step || extent == 1 || (is_row && stride > step));
            step *= extent;
        }
        if (!fits) {
            PyErr_Format(PyExc_ValueError, "argument %d: expected %d axes, format %s, no gaps",
                         number + 1, one.axes, one.kind);
            release(views, number + 1);
            return 0;
        }
    }
    return 1;
}

static picture shown(const Py_buffer *view)
{
    picture of = {view->buf, (int)view->shape[1], (int)view->shape[0], view->strides[0]};
    return of;
}

/* What a function answers: None, or an exception for what is wrong. */
static PyObject *ended(Py_buffer *views, int count, const char *wrong)
{
    release(views, count);
    if (!wrong) Py_RETURN_NONE;
    if (!*wrong) return PyErr_NoMemory();
    PyErr_SetString(PyExc_ValueError, wrong);
    return NULL;
}

static PyObject *blocks(PyObject *args, int logs)
{
    static const wanted each[] = {{"B", 2, 0}, {"f", 2, 1}};
    Py_buffer views[2];
    if (!take(args, each, 2, views)) return NULL;
    picture of = shown(views);
    int columns = of.width / SIZE;
    Py_ssize_t count = (Py_ssize_t)columns * (of.height / SIZE);
    if (!count || views[1].shape[0] != CHANNELS || views[1].shape[1] != count)
        return ended(views, 2, "expected (H, W) and (28, H // 8 * W // 8)");
    Py_BEGIN_ALLOW_THREADS
    chosen->blocks(of, columns, count, logs, views[1].buf, count);
    Py_END_ALLOW_THREADS
    return ended(views, 2, NULL);
}

static PyObject *describe(PyObject *module, PyObject *args) { return blocks(args, 0); }

static PyObject *describe_logs(PyObject *module, PyObject *args) { return blocks(args, 1); }

static PyObject *weighted(PyObject *module, PyObject *args)
{
    static const wanted each[] = {{"B", 2, 0}, {"f", 2, 0}, {"d", 1, 1}};
    Py_buffer views[3];
    if (!take(args, each, 3, views)) return NULL;
    picture of = shown(views);
    if (views[1].shape[0] != of.height / SIZE || views[1].shape[1] != of.width / SIZE
        || views[2].shape[0] != STATISTICS)
        return ended(views, 3, "expected (H, W), (H // 8, W // 8) and (18,)");
    Py_BEGIN_ALLOW_THREADS
    chosen->weighted(of, views[1].buf, views[2].buf);
    Py_END_ALLOW_THREADS
    return ended(views, 3, NULL);
}

static PyObject *weigh(PyObject *module, PyObject *args)
{
    static const wanted each[] = {{"B", 2, 0}, {"d", 1, 0}, {"f", 2, 1}};
    Py_buffer views[3];
    if (!take(args, each, 3, views)) return NULL;
    picture of = shown(views);
    Py_ssize_t rows = of.height / SIZE, columns = of.width / SIZE;
    if (views[2].shape[0] != rows || views[2].shape[1] != columns || views[1].shape[0] != 2)
        return ended(views, 3, "expected (H, W), (2,) and (H // 8, W // 8)");
    const double *by = views[1].buf;
    float *scratch = malloc((2 * rows * columns + 64) * sizeof(float) + of.width * sizeof(uint16_t));
    if (!scratch) return ended(views, 3, "");
    Py_BEGIN_ALLOW_THREADS
    chosen->weigh(of, by[0], (float)by[1], views[2].buf, scratch);
    Py_END_ALLOW_THREADS
    free(scratch);
    return ended(views, 3, NULL);
}

static PyObject *lighter(PyObject *module, PyObject *args)
{
    static const wanted each[] = {{"B", 2, 0}};
    Py_buffer view;
    int64_t right, down;
    if (!take(args, each, 1, &view)) return NULL;
    Py_BEGIN_ALLOW_THREADS
    chosen->lighter(shown(&view), &right, &down);
    Py_END_ALLOW_THREADS
    release(&view, 1);
    return Py_BuildValue("LL", (long long)right, (long long)down);
}

/* The median of a line of pixels, and how many of them are within so many grey levels of it. */
static void level(const uint8_t *line, Py_ssize_t count, ptrdiff_t step, int near, int found[2])
{
    Py_ssize_t counts[256] = {0}, upto = 0;
    int low = -1, high = -1;
    for (Py_ssize_t at = 0; at < count; at++) counts[line[at * step]]++;
    for (int grey = 0; high < 0; grey++) {
        upto += counts[grey];
        if (low < 0 && upto > (count - 1) / 2) low = grey;
        if (upto > count / 2) high = grey;
    }
    int median = (low + high) / 2, same = 0;
    for (int grey = median - near; grey <= median + near; grey++)
        if (grey >= 0 && grey < 256) same += (int)counts[grey];
    found[0] = median, found[1] = same;
}

/* Of the upper, lower, left and right edge of a picture the median and how many pixels are near. */
static PyObject *edges(PyObject *module, PyObject *args)
{
    static const wanted each[] = {{"B", 2, 0}, {"i", 1, 0}, {"i", 2, 1}};
    Py_buffer views[3];
    if (!take(args, each, 3, views)) return NULL;
    picture of = shown(views);
    if (views[1].shape[0] != 1 || views[2].shape[0] != 4 || views[2].shape[1] != 2)
        return ended(views, 3, "expected (H, W), (1,) and (4, 2)");
    const uint8_t *last = of.pixels + (ptrdiff_t)(of.height - 1) * of.stride;
    int near = *(const int32_t *)views[1].buf;
    int(*found)[2] = views[2].buf;
    level(of.pixels, of.width, 1, near, found[0]);
    level(last, of.width, 1, near, found[1]);
    level(of.pixels, of.height, of.stride, near, found[2]);
    level(of.pixels + of.width - 1, of.height, of.stride, near, found[3]);
    return ended(views, 3, NULL);
}

static PyObject *steps(PyObject *module, PyObject *args)
{
    static const wanted each[] = {{"B", 2, 0}, {"i", 1, 0}, {"i", 1, 1}, {"i", 1, 1}};
    Py_buffer views[4];
    if (!take(args, each, 4, views)) return NULL;
    picture of = shown(views);
    if (views[1].shape[0] != 1 || views[2].shape[0] != of.width - 1
        || views[3].shape[0] != of.height - 1)
        return ended(views, 4, "expected (H, W), (1,), (W - 1,) and (H - 1,)");
    uint8_t *room = malloc(2 * (size_t)of.width);
    if (!room) return ended(views, 4, "");
    Py_BEGIN_ALLOW_THREADS
    chosen->steps(of, *(const int32_t *)views[1].buf, views[2].buf, views[3].buf, room);
    Py_END_ALLOW_THREADS
    free(room);
    return ended(views, 4, NULL);
}

/* A picture of whole blocks, continued by mirror images to multiples of 32; by itself if those are
 * its sides. */
static picture continued(picture of, uint8_t *room)
{
    picture more = {room, (of.width + 31) / 32 * 32, (of.height + 31) / 32 * 32, 0};
    if (more.width == of.width && more.height == of.height) return of;
    more.stride = more.width;
    for (int row = 0; row < more.height; row++) {
        int from = row % (2 * of.height);
        const uint8_t *line = of.pixels + (from < of.height ? from : 2 * of.height - 1 - from) * of.stride;
        uint8_t *to = room + (ptrdiff_t)row * more.width;
        memcpy(to, line, of.width);
        for (int at = of.width; at < more.width; at++) {
            int place = at % (2 * of.width);
            to[at] = line[place < of.width ? place : 2 * of.width - 1 - place];
        }
    }
    return more;
}

static PyObject *map(PyObject *module, PyObject *args)
{
    static const wanted each[] = {{"B", 2, 0}, {"f", 3, 1}};
    Py_buffer views[2];
    if (!take(args, each, 2, views)) return NULL;
    picture of = shown(views);
    int high = (of.height + 15) / 16, wide = (of.width + 15) / 16;
    if (of.width % SIZE || of.height % SIZE || views[1].shape[0] != MAPPED
        || views[1].shape[1] != high || views[1].shape[2] != wide)
        return ended(views, 2, "expected whole blocks and (92, H / 16, W / 16)");
    size_t area = (size_t)((of.width + 31) / 32 * 32) * ((of.height + 31) / 32 * 32);
    size_t rows = (size_t)CHANNELS * 2 * (of.width / SIZE) * sizeof(float);
    size_t reduced = 64 + 2 * (size_t)of.width + area / 4 + area / 16 + CHANNELS * area / 1024 * sizeof(float);
    size_t room = rows > reduced ? rows : reduced;
    uint8_t *scratch = malloc(room + area);
    if (!scratch) return ended(views, 2, "");
    Py_BEGIN_ALLOW_THREADS
    chosen->map(of, continued(of, scratch + room), views[1].buf, scratch);
    Py_END_ALLOW_THREADS
    free(scratch);
    return ended(views, 2, NULL);
}

/* Which pixels of a line fall together where it is reduced to fewer, as in OpenCV's INTER_AREA. */
static void shared(int from, int to, share *shares, float *weights)
{
    double scale = (double)from / to;
    for (int at = 0; at < to; at++) {
        double start = at * scale, end = start + scale;
        double extent = scale < from - start ? scale : from - start;
        int last = (int)floor(end) < from - 1 ? (int)floor(end) : from - 1;
        int first = (int)ceil(start) < last ? (int)ceil(start) : last, count = 0;
        shares[at].first = first;
        shares[at].weights = weights;
        if (first - start > 1e-3) {
            shares[at].first = first - 1;
            weights[count++] = (float)((first - start) / extent);
        }
        for (int pixel = first; pixel < last; pixel++) weights[count++] = (float)(1.0 / extent);
        if (end - last > 1e-3) {
            double part = end - last < 1 ? end - last : 1;
            weights[count++] = (float)((part < extent ? part : extent) / extent);
        }
        shares[at].count = count;
        weights += count;
    }
}

static PyObject *area(PyObject *module, PyObject *args)
{
    static const wanted each[] = {{"B", 2, 0}, {"B", 2, 1}};
    Py_buffer views[2];
    if (!take(args, each, 2, views)) return NULL;
    picture of = shown(views);
    int high = (int)views[1].shape[0], wide = (int)views[1].shape[1];
    if (high > of.height || wide > of.width || high < LEAST || wide < LEAST)
        return ended(views, 2, "expected a smaller picture, of 16 pixels a side at least");
    size_t weights = (size_t)of.height + of.width + 2 * ((size_t)high + wide);
    size_t lines = ((size_t)of.width + wide) * LEAST;
    share *shares = malloc((size_t)(high + wide) * sizeof *shares + (weights + lines) * sizeof(float));
    if (!shares) return ended(views, 2, "");
    float *first = (float *)(shares + high + wide);
    Py_BEGIN_ALLOW_THREADS
    shared(of.height, high, shares, first);
    shared(of.width, wide, shares + high, first + of.height + 2 * high);
    chosen->area(of, views[1].buf, wide, high, shares, shares + high, first + weights);
    Py_END_ALLOW_THREADS
    free(shares);
    return ended(views, 2, NULL);
}

/* cells (channels, n), kept, differences (d, 2), sectors, others (energy, luma, noise), limits
 * (strong, range, floor, third, quantiles), numbers. */
static PyObject *summarise(PyObject *module, PyObject *args)
{
    static const wanted each[] = {
        {"f", 3, 0}, {"i", 1, 0}, {"i", 2, 0}, {"i", 1, 0}, {"i", 1, 0}, {"d", 1, 0}, {"f", 1, 1},
    };
    Py_buffer views[7];
    if (!take(args, each, 7, views)) return NULL;
    const int32_t *others = views[4].buf;
    const double *by = views[5].buf;
    Py_ssize_t count = views[0].shape[1] * views[0].shape[2];
    channels of = {(int)views[1].shape[0], (int)views[2].shape[0], views[1].buf, views[2].buf,
                   views[3].buf, others + 2, others[0], others[1]};
    int fits = views[0].shape[0] == MAPPED && views[2].shape[1] == 2
               && views[3].shape[0] == SCALES * SECTORS && views[4].shape[0] == 5
               && views[5].shape[0] == 7 && count < INT32_MAX / 2
               && views[6].shape[0] == 2 * of.kept_count + 4 * of.difference_count + 10;
    for (int at = 0; fits && at < of.kept_count; at++) fits = of.kept[at] >= 0 && of.kept[at] < MAPPED;
    for (int at = 0; fits && at < SCALES * SECTORS; at++)
        fits = of.sectors[at] >= 0 && of.sectors[at] < MAPPED;
    for (int at = 0; fits && at < 5; at++) fits = others[at] >= 0 && others[at] < MAPPED;
    for (int at = 0; fits && at < 2 * of.difference_count; at++)
        fits = of.differences[at] >= 0 && of.differences[at] < SCALES * (SECTORS + BANDS);
    if (!fits) return ended(views, 7, "expected what features/summary.py gives");
    limits with = {(float)by[1], by[0], by[2], by[3], {by[4], by[5], by[6]}};
    float *scratch = malloc((size_t)(count + 16) * (5 + SCALES * (SECTORS + BANDS)) * sizeof(float));
    if (!scratch) return ended(views, 7, "");
    Py_BEGIN_ALLOW_THREADS
    chosen->summarise(views[0].buf, (int)count, &of, &with, views[6].buf, scratch);
    Py_END_ALLOW_THREADS
    free(scratch);
    return ended(views, 7, NULL);
}

/* The quarter of a picture of whole blocks -> CHANNELS rows of the numbers of its blocks, as a map
 * has them. */
static PyObject *quarter(PyObject *module, PyObject *args)
{
    static const wanted each[] = {{"B", 2, 0}, {"f", 3, 1}};
    Py_buffer views[2];
    if (!take(args, each, 2, views)) return NULL;
    picture of = shown(views);
    int down = (of.height + 31) / 32, across = (of.width + 31) / 32;
    if (of.width % SIZE || of.height % SIZE || views[1].shape[0] != CHANNELS
        || views[1].shape[1] != down || views[1].shape[2] != across)
        return ended(views, 2, "expected whole blocks and (28, H / 32, W / 32)");
    size_t area = (size_t)down * across * 1024;
    uint8_t *scratch = malloc(area + area / 4 + area / 16 + 64 * (size_t)across);
    if (!scratch) return ended(views, 2, "");
    Py_BEGIN_ALLOW_THREADS
    uint8_t *half = scratch + area, *least = half + area / 4;
    uint16_t *sums = (uint16_t *)(least + area / 16);
    picture small = {least, across * SIZE, down * SIZE, across * SIZE};
    chosen->halves(continued(of, scratch), half, least, sums);
    chosen->blocks(small, across, (Py_ssize_t)down * across, 1, views[1].buf,
                   (Py_ssize_t)down * across);
    Py_END_ALLOW_THREADS
    free(scratch);
    return ended(views, 2, NULL);
}

/* Where the next marker of a JPEG file stands that ends a scan; its length if there is none. */
static PyObject *marker(PyObject *module, PyObject *args)
{
    Py_buffer view;
    Py_ssize_t at;
    int restarts;
    if (!PyArg_ParseTuple(args, "y*np", &view, &at, &restarts)) return NULL;
    const uint8_t *data = view.buf;
    Py_ssize_t length = view.len, found = length;
    while (at >= 0 && at + 1 < length) {
        const uint8_t *next = memchr(data + at, 0xff, length - 1 - at);
        if (!next) break;
        at = next - data;
        uint8_t after = next[1];
        if (after != 0 && after != 0xff && !(restarts && after >= 0xd0 && after <= 0xd7)) {
            found = at;
            break;
        }
        at++;
    }
    PyBuffer_Release(&view);
    return PyLong_FromSsize_t(found);
}

static PyObject *use(PyObject *module, PyObject *most)
{
    long lanes = PyLong_AsLong(most);
    if (lanes == -1 && PyErr_Occurred()) return NULL;
    return PyLong_FromLong(choose((int)lanes));
}

static PyObject *lanes(PyObject *module, PyObject *none) { return PyLong_FromLong(chosen->lanes); }

static PyMethodDef methods[] = {
    {"describe", describe, METH_VARARGS, "Numbers of each block."},
    {"describe_logs", describe_logs, METH_VARARGS, "The same, logarithms of energies."},
    {"weighted", weighted, METH_VARARGS, "Weighted sums of the statistics of blocks."},
    {"weigh", weigh, METH_VARARGS, "The weight of each block."},
    {"lighter", lighter, METH_VARARGS, "By how much the right and the lower half are lighter."},
    {"edges", edges, METH_VARARGS, "The median of each edge, and how much of it is near that."},
    {"steps", steps, METH_VARARGS, "How many steps there are in each column and row."},
    {"map", map, METH_VARARGS, "All channels of each cell."},
    {"quarter", quarter, METH_VARARGS, "Numbers of each block of the picture's quarter."},
    {"marker", marker, METH_VARARGS, "Where a scan of a JPEG file ends."},
    {"area", area, METH_VARARGS, "A picture reduced."},
    {"summarise", summarise, METH_VARARGS, "The numbers about a photo of its cells."},
    {"lanes", lanes, METH_NOARGS, "How many numbers a vector holds."},
    {"use", use, METH_O, "Take vectors of so many numbers at most; how many there are."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_compiled", "Loops over pixels, blocks and cells.", -1, methods,
    NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__compiled(void)
{
    order();
    choose(16);
    return PyModule_Create(&definition);
}
