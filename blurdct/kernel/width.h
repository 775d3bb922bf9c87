/* All that is made for one width of vectors. Set before: LANES, NAME and TARGET. */

#include "lanes.h"
#include "regions.h"
#include "area.h"
#include "summary.h"
#include "light.h"

static const width NAME(made) = {
    LANES, NAME(blocks), NAME(weighted), NAME(halves), NAME(map), NAME(area), NAME(summarise),
    NAME(weigh), NAME(lighter), NAME(steps),
};

#undef FN
#undef FORCED
#undef vf
#undef vi
#undef FLOATS
#undef BITS
#undef ALL
#undef EVEN
#undef ODD
#undef UNZIP
#undef LANES
#undef NAME
#undef TARGET
