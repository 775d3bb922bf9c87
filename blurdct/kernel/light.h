/* Light of blocks and of halves of a picture: what a block counts, and how a photo lies. */

/* Weight of each block: see features/blocks.py, block_evidence, the reference.
 * scratch: three numbers for each block and one for each column of pixels, and 64 more. */
FN void NAME(weigh)(picture of, double strong, float least, float *weights, float *scratch)
{
    int rows = of.height / SIZE, columns = of.width / SIZE, count = rows * columns;
    float *means = scratch, *apart = means + count + LANES;
    uint16_t *line = (uint16_t *)(apart + count + LANES);
    for (int row = 0; row < rows; row++) {
        const uint8_t *from = of.pixels + (ptrdiff_t)row * SIZE * of.stride;
        for (int at = 0; at < columns * SIZE; at++) line[at] = from[at];
        for (int down = 1; down < SIZE; down++)
            for (int at = 0; at < columns * SIZE; at++) line[at] += from[down * of.stride + at];
        for (int column = 0; column < columns; column++) {
            int sum = 0;
            for (int at = 0; at < SIZE; at++) sum += line[column * SIZE + at];
            means[row * columns + column] = sum * (1.0f / (SIZE * SIZE));
        }
    }
    memset(apart, 0, count * sizeof *apart);
    static const int steps[4][2] = {{0, 1}, {1, 0}, {1, 1}, {1, -1}};
    for (int step = 0; step < 4; step++)
        for (int row = 0; row + steps[step][0] < rows; row++) {
            int across = steps[step][1], from = across < 0, past = columns - (across > 0);
            ptrdiff_t there = (ptrdiff_t)steps[step][0] * columns + across;
            float *one = apart + (ptrdiff_t)row * columns, *other = one + there;
            const float *mean = means + (ptrdiff_t)row * columns;
            for (int at = from; at < past; at++) {
                float d = fabsf(mean[at] - mean[at + there]);
                one[at] = d > one[at] ? d : one[at];
            }
            for (int at = from; at < past; at++) {
                float d = fabsf(mean[at] - mean[at + there]);
                other[at] = d > other[at] ? d : other[at];
            }
        }
    float low, high;
    double sum;
    int padded = NAME(bounds)(apart, count, &low, &high, &sum);
    float limit = NAME(ranked)(apart, padded, (int)nearbyint(strong * (count - 1)), low, high);
    if (!(limit > least)) limit = least;
    for (int at = 0; at < count; at++) {
        float part = apart[at] / limit;
        weights[at] = sqrtf((part < 1.0f ? part : 1.0f) + least);
    }
}

/* By how much the second half of all columns, and of all rows, is lighter than the first one. */
FN void NAME(lighter)(picture of, int64_t *right, int64_t *down)
{
    int left = of.width / 2, past = (of.width + 1) / 2;
    int above = of.height / 2, below = (of.height + 1) / 2;
    *right = *down = 0;
    for (int row = 0; row < of.height; row++) {
        const uint8_t *line = of.pixels + row * of.stride;
        uint32_t first = 0, second = 0, middle = 0;
        for (int at = 0; at < left; at++) first += line[at];
        for (int at = past; at < of.width; at++) second += line[at];
        if (past > left) middle = line[left];
        *right += (int64_t)second - first;
        if (row < above) *down -= (int64_t)first + second + middle;
        else if (row >= below) *down += (int64_t)first + second + middle;
    }
}

/* Of each column of a picture, but the last, how many of every fourth of its pixels differ from
 * the next one by more than a step; and of each row, but the last, the same downwards.
 * room: a byte for each column, twice.
 */
FN void NAME(steps)(picture of, int step, int32_t *across, int32_t *down, uint8_t *room)
{
    uint8_t *fourth = room + of.width;
    memset(across, 0, (of.width - 1) * sizeof *across);
    for (int at = 0; at < of.width; at++) fourth[at] = at % 4 == 0;
    for (int row = 0; row < of.height; row++) {
        const uint8_t *line = of.pixels + row * of.stride, *next = line + of.stride;
        if (row % 4 == 0)
            for (int at = 0; at + 1 < of.width; at++)
                across[at] += abs(line[at] - line[at + 1]) > step;
        if (row + 1 == of.height) break;
        for (int at = 0; at < of.width; at++) {
            uint8_t most = line[at] > next[at] ? line[at] : next[at];
            uint8_t least = line[at] > next[at] ? next[at] : line[at];
            uint8_t apart = most - least;
            room[at] = apart > (uint8_t)step ? fourth[at] : 0;
        }
        uint32_t count = 0;
        for (int at = 0; at < of.width; at++) count += room[at];
        down[row] = (int32_t)count;
    }
}
