/* A picture reduced by the mean of what falls together: LANES rows at a time, each in a lane. */

/* Turns LANES rows of LANES numbers into columns. */
FORCED void NAME(turn)(vf v[LANES])
{
    for (int side = 1; side < LANES; side *= 2) UNZIP(LANES, v);
}

/* of: LANES pixels high and wide at least, as is to.
 * down, across: which pixels fall together along each axis.
 * lines: room for LANES numbers for each column of either picture.
 */
FN void NAME(area)(picture of, uint8_t *to, int width, int height, const share *down,
                   const share *across, float *lines)
{
    float *means = lines + (ptrdiff_t)of.width * LANES;
    for (int top = 0; top < height; top += LANES) {
        if (top + LANES > height) top = height - LANES; /* some rows are made twice */
        for (int left = 0; left < of.width; left += LANES) {
            if (left + LANES > of.width) left = of.width - LANES;
            vf v[LANES];
            for (int lane = 0; lane < LANES; lane++) {
                share of_row = down[top + lane];
                const uint8_t *from = of.pixels + of_row.first * of.stride + left;
                vf sum = NAME(pixels)(from) * of_row.weights[0];
                for (int at = 1; at < of_row.count; at++)
                    sum += NAME(pixels)(from + at * of.stride) * of_row.weights[at];
                v[lane] = sum;
            }
            NAME(turn)(v);
            for (int lane = 0; lane < LANES; lane++) NAME(store)(lines + (left + lane) * LANES, v[lane]);
        }
        for (int column = 0; column < width; column++) {
            share of_column = across[column];
            const float *from = lines + (ptrdiff_t)of_column.first * LANES;
            vf sum = NAME(load)(from) * of_column.weights[0];
            for (int at = 1; at < of_column.count; at++)
                sum += NAME(load)(from + at * LANES) * of_column.weights[at];
            NAME(store)(means + (ptrdiff_t)column * LANES, sum);
        }
        for (int left = 0; left < width; left += LANES) {
            if (left + LANES > width) left = width - LANES;
            vf v[LANES];
            for (int lane = 0; lane < LANES; lane++) v[lane] = NAME(load)(means + (left + lane) * LANES);
            NAME(turn)(v);
            for (int lane = 0; lane < LANES; lane++) {
                /* in the sum with 1.5 * 2^23 the last byte is the number, rounded to even */
                vi bits = BITS(v[lane] + 12582912.0f);
                int32_t each[LANES];
                memcpy(each, &bits, sizeof bits);
                uint8_t *row = to + (ptrdiff_t)(top + lane) * width + left;
                for (int at = 0; at < LANES; at++) row[at] = (uint8_t)each[at];
            }
        }
    }
}
