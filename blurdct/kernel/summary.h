/* Numbers about the cells of a photo that have evidence: see features/summary.py, the reference. */

/* The number of that rank (0 is the smallest) among count, a multiple of LANES that ends with
 * infinities; no smaller than low and no larger than high. Each look at all of them narrows what
 * it can be, from one number that there is to another. */
FN float NAME(ranked)(const float *of, int count, int rank, float low, float high)
{
    int below = 0, upto = count;
    for (int look = 0; low < high; look++) {
        float part = look % 3 == 2 ? 0.5f : (rank - below + 0.5f) / (upto - below);
        float limit = low + (high - low) * part;
        if (!(limit < high)) limit = low;
        vi found = {0};
        vf under = ALL(low), over = ALL(high);
        for (int at = 0; at < count; at += LANES) {
            vf v = NAME(load)(of + at);
            vi is_under = v <= ALL(limit);
            found -= is_under;
            under = NAME(max)(under, FLOATS((BITS(v) & is_under) | (BITS(under) & ~is_under)));
            vf rest = FLOATS((BITS(over) & is_under) | (BITS(v) & ~is_under));
            over = -NAME(max)(-over, -rest);
        }
        int32_t each[LANES];
        float unders[LANES], overs[LANES];
        memcpy(each, &found, sizeof found);
        NAME(store)(unders, under);
        NAME(store)(overs, over);
        int reached = 0;
        float last = low, next = high;
        for (int lane = 0; lane < LANES; lane++) {
            reached += each[lane];
            last = unders[lane] > last ? unders[lane] : last;
            next = overs[lane] < next ? overs[lane] : next;
        }
        if (rank < reached) high = last, upto = reached;
        else low = next, below = reached;
    }
    return low;
}

/* Smallest, largest and sum of count numbers; what follows them up to a multiple of LANES becomes
 * infinite. */
FN int NAME(bounds)(float *of, int count, float *low, float *high, double *sum)
{
    float least = of[0], most = of[0], sums[16] = {0};
    for (int at = 0; at < count; at++) {
        least = of[at] < least ? of[at] : least;
        most = of[at] > most ? of[at] : most;
    }
    int whole = count / 16 * 16;
    for (int at = 0; at < whole; at += 16)
        for (int lane = 0; lane < 16; lane++) sums[lane] += of[at + lane];
    *sum = 0;
    for (int lane = 0; lane < 16; lane++) *sum += sums[lane];
    for (int at = whole; at < count; at++) *sum += of[at];
    *low = least, *high = most;
    int padded = (count + LANES - 1) / LANES * LANES;
    for (int at = count; at < padded; at++) of[at] = INFINITY;
    return padded;
}

/* exp of numbers up to 80, to 2e-7 of itself. */
FORCED vf NAME(exp)(vf v)
{
    vf power = v * 1.44269504f, whole = (power + 12582912.0f) - 12582912.0f, t = power - whole;
    vf e = t * 0.00132647272f + 0.00967151264f;
    e = e * t + 0.0555073374f;
    e = e * t + 0.240222421f;
    e = e * t + 0.693146978f;
    e = e * t + 1.0f;
    return FLOATS(BITS(e) + (BITS(whole + 12582912.0f) << 23));
}

/* Linear interpolation between the numbers that lie around a share of the way from the smallest to
 * the largest, as NumPy does it. */
FN float NAME(quantile)(const float *of, int padded, int count, float share, float low, float high)
{
    float place = share * (count - 1);
    int rank = (int)place;
    float part = place - rank, one = NAME(ranked)(of, padded, rank, low, high);
    if (part == 0.0f) return one;
    float next = NAME(ranked)(of, padded, rank + 1, one, high), apart = next - one;
    return part < 0.5f ? one + apart * part : next - apart * (1.0f - part);
}

/* The numbers at some places, one after the other. */
FN void NAME(picked)(const float *of, const int32_t *places, int count, float *to)
{
    for (int at = 0; at < count; at++) to[at] = of[places[at]];
}

/* Standard deviation of count numbers. */
FN float NAME(spread)(const float *of, int count)
{
    double sum = 0, squares = 0;
    float part[16] = {0};
    int whole = count / 16 * 16;
    for (int at = 0; at < whole; at += 16)
        for (int lane = 0; lane < 16; lane++) part[lane] += of[at + lane];
    for (int lane = 0; lane < 16; lane++) sum += part[lane], part[lane] = 0;
    for (int at = whole; at < count; at++) sum += of[at];
    float mean = (float)(sum / count);
    for (int at = 0; at < whole; at += 16)
        for (int lane = 0; lane < 16; lane++) {
            float apart = of[at + lane] - mean;
            part[lane] += apart * apart;
        }
    for (int lane = 0; lane < 16; lane++) squares += part[lane];
    for (int at = whole; at < count; at++) squares += (of[at] - mean) * (of[at] - mean);
    return (float)sqrt(squares / count);
}

/* Three rows of log(1 + energy) -> the logarithm of the mean of 1 + energy. */
FN void NAME(together)(const float *rows, ptrdiff_t step, int count, float *to)
{
    for (int at = 0; at < count; at += LANES) {
        vf sum = NAME(exp)(NAME(load)(rows + at));
        sum += NAME(exp)(NAME(load)(rows + step + at));
        sum += NAME(exp)(NAME(load)(rows + 2 * step + at));
        NAME(store)(to + at, NAME(log2)(sum * (1.0f / 3.0f)) * LN2);
    }
}

/* Places of the cells whose energy is one of the most highest, the first of equal ones. */
FN void NAME(strongest)(const float *energy, int padded, int count, int most, float low, float high,
                        int32_t *places)
{
    float limit = NAME(ranked)(energy, padded, count - most, low, high);
    int equal = most, found = 0;
    for (int at = 0; at < count; at++) equal -= energy[at] > limit;
    for (int at = 0; at < count; at++) {
        int is_one = energy[at] > limit || (energy[at] == limit && equal-- > 0);
        places[found] = at;
        found += is_one;
    }
}

/* cells: every channel's plane of count cells. to: the numbers of SUMMARY in their order.
 * scratch: see summary_scratch.
 */
FN void NAME(summarise)(const float *cells, int count, const channels *of, const limits *by,
                        float *to, float *scratch)
{
    int step = (count + 15) / 16 * 16, told = 0, padded;
    float *line = scratch, *energy = line + step, *sectors = energy + step;
    float *sums = sectors + 27 * step, *apart = sums + 9 * step;
    int32_t *places = (int32_t *)(apart + step), *third = places + step;
    float low, high, *at = to;
    double sum;

    memcpy(line, cells + (ptrdiff_t)of->energy * count, count * sizeof *line);
    padded = NAME(bounds)(line, count, &low, &high, &sum);
    float strong = NAME(quantile)(line, padded, count, by->strong, low, high);
    float middling = NAME(quantile)(line, padded, count, 0.5f, low, high);
    float limit = strong - by->range;
    for (int cell = 0; cell < count; cell++) {
        places[told] = cell;
        told += line[cell] >= limit;
    }

    int tenth = told / 10 > 1 ? told / 10 : 1;
    for (int kept = 0; kept < of->kept_count; kept++) {
        NAME(picked)(cells + (ptrdiff_t)of->kept[kept] * count, places, told, line);
        padded = NAME(bounds)(line, told, &low, &high, &sum);
        float least = NAME(ranked)(line, padded, told - tenth, low, high);
        float more = 0;
        int above = 0;
        for (int cell = 0; cell < told; cell++) {
            int is_above = line[cell] > least;
            above += is_above;
        }
        vf mores = {0};
        for (int cell = 0; cell < padded; cell += LANES) {
            vf v = NAME(load)(line + cell);
            mores += FLOATS(BITS(v) & (v > ALL(least)) & (v < ALL(INFINITY)));
        }
        float each[LANES];
        NAME(store)(each, mores);
        for (int lane = 0; lane < LANES; lane++) more += each[lane];
        at[kept] = (float)(sum / told);
        at[of->kept_count + kept] = (more + (tenth - above) * least) / tenth;
    }
    at += 2 * of->kept_count;

    for (int row = 0; row < 27; row++) {
        float *sector = sectors + row * step;
        NAME(picked)(cells + (ptrdiff_t)of->sectors[row] * count, places, told, sector);
        for (int cell = told; cell < step; cell++) sector[cell] = 0;
    }
    for (int row = 0; row < 9; row++)
        NAME(together)(sectors + 3 * row * step, step, told, sums + row * step);
    NAME(picked)(cells + (ptrdiff_t)of->energy * count, places, told, energy);
    padded = NAME(bounds)(energy, told, &low, &high, &sum);
    int most = (int)nearbyint(by->third * told);
    most = most > 1 ? most : 1;
    NAME(strongest)(energy, padded, told, most, low, high, third);

    for (int number = 0; number < of->difference_count; number++) {
        /* rows from 27 on are sums over directions */
        const float *one = sectors + of->differences[2 * number] * step;
        const float *other = sectors + of->differences[2 * number + 1] * step;
        for (int cell = 0; cell < told; cell++) apart[cell] = one[cell] - other[cell];
        padded = NAME(bounds)(apart, told, &low, &high, &sum);
        for (int part = 0; part < 3; part++) {
            int rank = (int)nearbyint(by->quantiles[part] * (told - 1));
            low = NAME(ranked)(apart, padded, rank, low, high);
            at[part * of->difference_count + number] = low;
        }
        NAME(picked)(apart, third, most, line);
        at[3 * of->difference_count + number] = NAME(spread)(line, most);
    }
    at += 4 * of->difference_count;

    *at++ = (float)told / count;
    *at++ = (float)log(count);
    *at++ = strong;
    *at++ = middling;
    for (int row = 0; row < 3; row++) {
        memcpy(line, cells + (ptrdiff_t)of->noise[row] * count, count * sizeof *line);
        padded = NAME(bounds)(line, count, &low, &high, &sum);
        *at++ = NAME(ranked)(line, padded, (int)nearbyint(by->floor * (count - 1)), low, high);
    }
    NAME(picked)(cells + (ptrdiff_t)of->luma * count, places, told, line);
    NAME(bounds)(line, told, &low, &high, &sum);
    *at++ = (float)(sum / told);
    memcpy(line, cells + (ptrdiff_t)of->luma * count, count * sizeof *line);
    NAME(bounds)(line, count, &low, &high, &sum);
    *at++ = (float)(sum / count);
    *at++ = NAME(spread)(line, count);
}
