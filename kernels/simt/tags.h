/* tags.h - names of global buffers, for the byte counters. C, because tests read them. */
#ifndef URN_TAGS_H
#define URN_TAGS_H

enum urnk_tag {
    TAG_LOGITS = 0,    /* the rows */
    TAG_INDEX = 1,     /* slot, list, seed, label, position, row_index, offsets, row_count */
    TAG_PARAM = 2,     /* step parameters, steps, lists */
    TAG_MASK = 3,      /* packed masks */
    TAG_STATE = 4,     /* slots */
    TAG_OUT = 5,       /* outputs */
    TAG_WORKSPACE = 6, /* scratch */
    TAG_COUNT = 7
};

#endif
