/* Blocks of a picture, LANES at a time in raster order; maps of cells, and weighted means. */

/* The blocks from number first on, at most LANES of them and those before count: where they lie
 * side by side, that place itself, else a copy of them in side. Returns its pixels and its stride. */
FN const uint8_t *NAME(gathered)(
    picture of, int columns, ptrdiff_t first, ptrdiff_t count, uint8_t *side, ptrdiff_t *stride)
{
    ptrdiff_t row = first / columns, column = first % columns;
    if (column + LANES <= columns) {
        *stride = of.stride;
        return of.pixels + row * SIZE * of.stride + column * SIZE;
    }
    *stride = SIZE * LANES;
    for (int lane = 0; lane < LANES; lane++) {
        const uint8_t *block = of.pixels + row * SIZE * of.stride + column * SIZE;
        for (int line = 0; line < SIZE; line++)
            memcpy(side + (line * LANES + lane) * SIZE, block + line * of.stride, SIZE);
        if (first + lane + 1 < count && ++column == columns) column = 0, row++;
    }
    return side;
}

/* The first count blocks of a picture -> CHANNELS rows of numbers, step apart. */
FN void NAME(blocks)(
    picture of, int columns, ptrdiff_t count, int logs, float *to, ptrdiff_t step)
{
    uint8_t side[SIZE * SIZE * LANES];
    float last[CHANNELS * LANES];
    ptrdiff_t stride;
    for (ptrdiff_t first = 0; first < count; first += LANES) {
        const uint8_t *from = NAME(gathered)(of, columns, first, count, side, &stride);
        if (first + LANES <= count) {
            NAME(describe)(from, stride, logs, to + first, step);
            continue;
        }
        NAME(describe)(from, stride, logs, last, LANES);
        for (int channel = 0; channel < CHANNELS; channel++)
            memcpy(to + channel * step + first, last + channel * LANES,
                   (count - first) * sizeof(float));
    }
}

/* The sum of each statistic over the blocks, weighted. */
FN void NAME(weighted)(picture of, const float *weights, double sums[STATISTICS])
{
    int columns = of.width / SIZE;
    ptrdiff_t count = (ptrdiff_t)(of.height / SIZE) * columns, stride;
    uint8_t side[SIZE * SIZE * LANES];
    float found[CHANNELS * LANES];
    double some[STATISTICS * LANES] = {0}, weight[LANES];
    for (ptrdiff_t first = 0; first < count; first += LANES) {
        const uint8_t *from = NAME(gathered)(of, columns, first, count, side, &stride);
        NAME(describe)(from, stride, 0, found, LANES);
        for (int lane = 0; lane < LANES; lane++)
            weight[lane] = first + lane < count ? weights[first + lane] : 0;
        for (int row = 0; row < STATISTICS; row++)
            for (int lane = 0; lane < LANES; lane++)
                some[row * LANES + lane] += found[row * LANES + lane] * weight[lane];
    }
    memset(sums, 0, STATISTICS * sizeof *sums);
    for (int at = 0; at < STATISTICS * LANES; at++) sums[at / LANES] += some[at];
}

/* A picture whose sides are multiples of 4 -> its half and its quarter, rounded as OpenCV does: a
 * half goes up in the half, to the even number in the quarter. */
FN void NAME(halves)(picture of, uint8_t *half, uint8_t *quarter, uint16_t *sums)
{
    int width = of.width / 2;
    for (int row = 0; row < of.height / 2; row++) {
        const uint8_t *upper = of.pixels + 2 * row * of.stride, *lower = upper + of.stride;
        uint16_t *sum = sums + (row % 2) * width;
        for (int at = 0; at < width; at++) {
            sum[at] = upper[2 * at] + upper[2 * at + 1] + lower[2 * at] + lower[2 * at + 1];
            half[at] = (uint8_t)((sum[at] + 2) >> 2);
        }
        half += width;
        if (row % 2 == 0) continue;
        const uint16_t *before = sums, *now = sums + width;
        for (int at = 0; at < width / 2; at++) {
            uint16_t all = before[2 * at] + before[2 * at + 1] + now[2 * at] + now[2 * at + 1];
            quarter[at] = (uint8_t)((all + 7 + ((all >> 4) & 1)) >> 4);
        }
        quarter += width / 2;
    }
}

/* Two rows of blocks, or one -> a row of cells: means of all channels, maxima of sectors. */
FN void NAME(over_cells)(const float *rows, ptrdiff_t step, int columns, int high, float *to,
                         ptrdiff_t plane, int wide)
{
    for (int channel = 0; channel < CHANNELS; channel++) {
        const float *upper = rows + channel * step, *lower = upper + columns;
        int is_sector = channel >= STATISTICS && channel < STATISTICS + SECTORS;
        float *mean = to + channel * plane, *most = mean + (SECTORS + 1) * plane;
        float share = high == 2 ? 0.25f : 0.5f;
        int whole = columns / 2;
        if (high == 2) {
            for (int at = 0; at < whole; at++)
                mean[at] = ((upper[2 * at] + lower[2 * at])
                            + (upper[2 * at + 1] + lower[2 * at + 1])) * share;
        } else {
            for (int at = 0; at < whole; at++)
                mean[at] = (upper[2 * at] + upper[2 * at + 1]) * share;
        }
        for (int at = 0; is_sector && at < wide; at++) {
            int next = 2 * at + 1 < columns ? 2 * at + 1 : 2 * at;
            const float *second = high == 2 ? lower : upper;
            float left = upper[2 * at] > second[2 * at] ? upper[2 * at] : second[2 * at];
            float right = upper[next] > second[next] ? upper[next] : second[next];
            most[at] = left > right ? left : right;
        }
        if (whole < wide)
            mean[whole] = (upper[2 * whole] + (high == 2 ? lower[2 * whole] : 0.0f)) * 2 * share;
    }
}

/* All channels of features/block_map.py but the last.
 *
 * of: whole blocks; padded: the same, continued by mirror images to multiples of 32.
 * to: high x wide cells a channel.
 * scratch: see map_scratch.
 */
FN void NAME(map)(picture of, picture padded, float *to, uint8_t *scratch)
{
    int rows = of.height / SIZE, columns = of.width / SIZE;
    int high = (rows + 1) / 2, wide = (columns + 1) / 2;
    ptrdiff_t plane = (ptrdiff_t)high * wide, step = 2 * columns;
    float *found = (float *)scratch;
    for (int row = 0; row < high; row++) {
        picture strip = of;
        int lines = 2 * row + 1 < rows ? 2 : 1;
        strip.pixels += (ptrdiff_t)row * 2 * SIZE * of.stride;
        NAME(blocks)(strip, columns, lines * columns, 1, found, step);
        NAME(over_cells)(found, step, columns, lines, to + (ptrdiff_t)row * wide, plane, wide);
    }
    uint16_t *sums = (uint16_t *)scratch;
    uint8_t *half = scratch + 2 * (size_t)padded.width;
    uint8_t *quarter = half + (size_t)padded.width * padded.height / 4;
    float *coarse = (float *)(quarter + (size_t)padded.width * padded.height / 16);
    NAME(halves)(padded, half, quarter, sums);
    picture small = {half, padded.width / 2, padded.height / 2, padded.width / 2};
    to += (CHANNELS + SECTORS) * plane;
    /* their last channel, light, lies where the quarter's first one will */
    NAME(blocks)(small, wide, plane, 1, to, plane);
    to += (STATISTICS + SECTORS) * plane;
    picture least = {quarter, padded.width / 4, padded.height / 4, padded.width / 4};
    int across = padded.width / 32, down = padded.height / 32;
    NAME(blocks)(least, across, (ptrdiff_t)down * across, 1, coarse, (ptrdiff_t)down * across);
    for (int channel = 0; channel < STATISTICS + SECTORS; channel++)
        for (int row = 0; row < high; row++) {
            const float *line = coarse + ((ptrdiff_t)channel * down + row / 2) * across;
            float *cells = to + channel * plane + (ptrdiff_t)row * wide;
            for (int at = 0; at < wide; at++) cells[at] = line[at / 2];
        }
    for (ptrdiff_t at = 0; at < plane; at++) to[(STATISTICS + SECTORS) * plane + at] = 1.0f;
}
