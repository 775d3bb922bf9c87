/* Numbers about the cells of a photo that have evidence: see features/summary.py, the reference. */

/* How many of count numbers, a multiple of LANES, are no larger than a limit. */
FORCED int NAME(upto)(const float *of, int count, float limit)
{
    vi one = {0}, other = {0};
    vf most = ALL(limit);
    int at = 0, sum = 0;
    for (; at + 2 * LANES <= count; at += 2 * LANES) {
        one -= NAME(load)(of + at) <= most;
        other -= NAME(load)(of + at + LANES) <= most;
    }
    if (at < count) one -= NAME(load)(of + at) <= most;
    one += other;
    for (int lane = 0; lane < LANES; lane++) sum += one[lane];
    return sum;
}

/* Of count numbers the smallest over a limit, or the largest up to it; never beyond an end. */
FORCED float NAME(beside)(const float *of, int count, float limit, int over, float end)
{
    vf one = ALL(over ? -end : end), other = one, most = ALL(limit);
    for (int at = 0; at < count; at += 2 * LANES) {
        /* an odd one is looked at twice */
        vf v = NAME(load)(of + at), w = NAME(load)(of + (at + LANES < count ? at + LANES : at));
        one = NAME(max)(one, over ? NAME(either)(v > most, -v, one) : NAME(either)(v <= most, v, one));
        other = NAME(max)(
            other, over ? NAME(either)(w > most, -w, other) : NAME(either)(w <= most, w, other));
    }
    one = NAME(max)(one, other);
    float found = one[0];
    for (int lane = 1; lane < LANES; lane++) found = one[lane] > found ? one[lane] : found;
    return over ? -found : found;
}

/* The number of that rank (0 is the smallest) among count, a multiple of LANES that ends with
 * infinities; no smaller than low and no larger than high.
 *
 * Limits below it and not below it go by how many numbers are on either side. Where those between
 * them do not become one, as equal ones never do, each look leads to a number that there is.
 */
FN float NAME(ranked)(const float *of, int count, int rank, float low, float high)
{
    int below = 0, upto = count;
    for (int look = 0; low < high; look++) {
        int is_odd = look % 3 == 2 || look > LOOKS;
        float part = is_odd ? 0.5f : (rank - below + 0.5f) / (upto - below);
        float limit = low + (high - low) * part;
        if (!(limit < high)) limit = low;
        int reached = NAME(upto)(of, count, limit);
        if (rank < reached) {
            high = look < LOOKS ? limit : NAME(beside)(of, count, limit, 0, low);
            upto = reached;
        } else {
            low = look < LOOKS && limit > low ? limit : NAME(beside)(of, count, limit, 1, high);
            below = reached;
        }
        if (upto - below == 1 && low < high) return NAME(beside)(of, count, high, 0, low);
    }
    return low;
}

/* The sum of a vector's lanes. */
FORCED double NAME(total)(vf v)
{
    double sum = 0;
    for (int lane = 0; lane < LANES; lane++) sum += v[lane];
    return sum;
}

/* Smallest, largest and sum of count numbers; what follows them up to a multiple of LANES becomes
 * infinite. Returns that multiple. */
FN int NAME(bounds)(float *of, int count, float *low, float *high, double *sum)
{
    int padded = (count + LANES - 1) / LANES * LANES, whole = count / LANES * LANES;
    for (int at = count; at < padded; at++) of[at] = INFINITY;
    vf least = ALL(of[0]), most = least, sums = ALL(0.0f);
    for (int at = 0; at < whole; at += LANES) {
        vf v = NAME(load)(of + at);
        least = NAME(min)(least, v);
        most = NAME(max)(most, v);
        sums += v;
    }
    *sum = NAME(total)(sums), *low = least[0], *high = most[0];
    for (int lane = 1; lane < LANES; lane++) {
        *low = least[lane] < *low ? least[lane] : *low;
        *high = most[lane] > *high ? most[lane] : *high;
    }
    for (int at = whole; at < count; at++) {
        *sum += of[at];
        *low = of[at] < *low ? of[at] : *low;
        *high = of[at] > *high ? of[at] : *high;
    }
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
 * the largest. */
FN float NAME(quantile)(const float *of, int padded, int count, double share, float low, float high)
{
    double place = share * (count - 1);
    int rank = (int)place;
    float part = (float)(place - rank), one = NAME(ranked)(of, padded, rank, low, high);
    if (part == 0.0f) return one;
    return one + (NAME(ranked)(of, padded, rank + 1, one, high) - one) * part;
}

/* The numbers at some rising places, one after the other. */
FN void NAME(picked)(const float *of, const int32_t *places, int count, float *to)
{
    if (places[count - 1] == count - 1) { /* all of them */
        memcpy(to, of, count * sizeof *to);
        return;
    }
    for (int at = 0; at < count; at++) to[at] = of[places[at]];
}

/* Standard deviation of count numbers. */
FN float NAME(spread)(float *of, int count)
{
    float low, high;
    double sum;
    int whole = count / LANES * LANES;
    NAME(bounds)(of, count, &low, &high, &sum);
    float mean = (float)(sum / count);
    vf squares = ALL(0.0f);
    for (int at = 0; at < whole; at += LANES) {
        vf apart = NAME(load)(of + at) - mean;
        squares += apart * apart;
    }
    sum = NAME(total)(squares);
    for (int at = whole; at < count; at++) sum += (of[at] - mean) * (of[at] - mean);
    return (float)sqrt(sum / count);
}

/* The mean of the most highest of count numbers. */
FN float NAME(highest)(const float *of, int padded, int count, int most, float low, float high)
{
    float least = NAME(ranked)(of, padded, count - most, low, high);
    vi above = {0};
    vf sums = ALL(0.0f);
    for (int at = 0; at < padded; at += LANES) {
        vf v = NAME(load)(of + at);
        vi is_above = (v > ALL(least)) & (v < ALL(INFINITY));
        above -= is_above;
        sums += FLOATS(BITS(v) & is_above);
    }
    int equal = most;
    for (int lane = 0; lane < LANES; lane++) equal -= above[lane];
    return (float)((NAME(total)(sums) + (double)equal * least) / most);
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
    float middling = NAME(quantile)(line, padded, count, 0.5, low, high);
    float limit = strong - by->range;
    for (int cell = 0; cell < count; cell++) {
        places[told] = cell;
        told += line[cell] >= limit;
    }

    int tenth = told / 10 > 1 ? told / 10 : 1;
    for (int kept = 0; kept < of->kept_count; kept++) {
        NAME(picked)(cells + (ptrdiff_t)of->kept[kept] * count, places, told, line);
        padded = NAME(bounds)(line, told, &low, &high, &sum);
        at[kept] = (float)(sum / told);
        at[of->kept_count + kept] = NAME(highest)(line, padded, told, tenth, low, high);
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
