/* kat_device.cpp - known answers of the single rules of bits.h, held against kernels/bits on full blocks of the SIMT
 * layer: every lane of every warp computes, neighbours different cases. */
#include "tests/kat/kat_read.h"

#if URN_WITH_SIMT
#include "kernels/bits/dev_exp2.h"
#include "kernels/bits/dev_log2.h"
#include "kernels/bits/dev_order.h"
#include "kernels/bits/dev_philox.h"
#include "tests/simt/simt_util.h"

using namespace urnd;

namespace {

enum Rule { kBlock, kRowKey, kF16, kBf16, kF32, kWeight, kLog2, kCeil };
enum { kIn = 5, kOut = 4, kThreads = 128 };

struct Question {
    uint64_t rule, in[kIn];
};

struct BitsArgs {
    const Question *questions;
    uint64_t *answers; // [threads of the grid, kOut]
    int64_t count;
};

struct Answer {
    uint64_t out[kOut];
};

Answer convert(float x) { return {{f32_bits(x), order_key(x), f32_bits(key_value(order_key(x))), 0}}; }

Answer answer(const Question &q) {
    float a = bits_f32(static_cast<uint32_t>(q.in[0])), b = bits_f32(static_cast<uint32_t>(q.in[1]));
    uint32_t bits = static_cast<uint32_t>(q.in[0]);
    switch (q.rule) {
    case kBlock: {
        Random4 r = philox(q.in[0], {static_cast<uint32_t>(q.in[1]), static_cast<uint32_t>(q.in[2]),
                                     static_cast<uint32_t>(q.in[3]), static_cast<uint32_t>(q.in[4])});
        return {{r.word[0], r.word[1], r.word[2], r.word[3]}};
    }
    case kRowKey:
        return {{row_key(q.in[0], q.in[1]), 0, 0, 0}};
    case kF16:
        return convert(logit<F16>(bits));
    case kBf16:
        return convert(logit<Bf16>(bits));
    case kF32:
        return convert(logit<F32>(bits));
    case kWeight: {
        float c = URN_LOG2E / bits_f32(static_cast<uint32_t>(q.in[2]));
        return {{f32_bits(c), weight(a, b, c), entropy_term(a, b, c), 0}};
    }
    case kLog2: {
        double l = log2_u64(q.in[0]);
        Answer found = {};
        memcpy(found.out, &l, sizeof l);
        return found;
    }
    default:
        return {{ceil_product(a, q.in[1]), 0, 0, 0}};
    }
}

URN_KERNEL(kThreads) ask(URN_ARGS(BitsArgs) args) {
    int64_t at = int64_t{block_id()} * block_threads() + thread_id();
    Question q = Global<const Question>(args.questions, args.count, TAG_PARAM).load(at % args.count);
    Answer found = answer(q);
    Global<uint64_t> out(args.answers, int64_t{grid_blocks()} * block_threads() * kOut, TAG_OUT);
    for (int i = 0; i < kOut; i++) out.store(at * kOut + i, found.out[i]);
}

struct Case {
    Question question;
    Answer wanted;
    int outs, line;
    std::string path;
};

Case parse(const kat_case &c) {
    Case k = {};
    k.line = c.line;
    k.path = c.path ? c.path : "";
    k.outs = 1;
    std::string name = c.name;
    auto in = [&](int i, const char *key) { k.question.in[i] = kat_value(&c, key); };
    auto out = [&](int i, const char *key) { k.wanted.out[i] = kat_value(&c, key); };
    if (name == "block") {
        k.question.rule = kBlock, k.outs = 4;
        in(0, "key");
        kat_list(&c, "counter", k.question.in + 1, 4);
        kat_list(&c, "words", k.wanted.out, 4);
    } else if (name == "row_key") {
        k.question.rule = kRowKey;
        in(0, "seed"), in(1, "label"), out(0, "key");
    } else if (name == "f16" || name == "bf16" || name == "f32") {
        k.question.rule = name == "f16" ? kF16 : name == "bf16" ? kBf16 : kF32, k.outs = 2;
        in(0, "bits"), out(0, "f32"), out(1, "key");
    } else if (name == "weight") {
        k.question.rule = kWeight, k.outs = 3;
        in(0, "x"), in(1, "M"), in(2, "T"), out(0, "c"), out(1, "w"), out(2, "e");
    } else if (name == "log2") {
        k.question.rule = kLog2;
        in(0, "Z"), out(0, "f64");
    } else {
        ck_assert_msg(name == "ceil", "line %d: unknown name %s", c.line, c.name);
        k.question.rule = kCeil;
        in(0, "p"), in(1, "Z"), out(0, "ceil");
    }
    return k;
}

void check_file(const char *name, size_t least) {
    kat_file file;
    kat_case c;
    std::vector<Case> cases;
    ck_assert_msg(kat_open(&file, name) == 1, "cannot read %s", name);
    int state;
    while ((state = kat_next(&file, &c)) > 0) cases.push_back(parse(c));
    kat_close(&file);
    ck_assert_msg(state == 0, "%s:%d is no case", name, c.line);
    ck_assert_msg(cases.size() >= least, "%s has %zu cases, not %zu", name, cases.size(), least);

    size_t blocks = (cases.size() + kThreads - 1) / kThreads + 1, answers = blocks * kThreads;
    std::vector<Question> questions;
    for (const Case &k : cases) questions.push_back(k.question);
    Device<Question> in(questions.size());
    Device<uint64_t> out(answers * kOut);
    memcpy(in.p, questions.data(), questions.size() * sizeof(Question));
    memset(out.p, 0xca, answers * kOut * 8);
    BitsArgs args = {in.p, out.p, static_cast<int64_t>(questions.size())};
    EXPECT_CLEAN(run(ask, Shape{static_cast<uint32_t>(blocks), kThreads, 1, 0}, args, options_of(2)));
    for (size_t i = 0; i < answers; i++) {
        const Case &k = cases[i % cases.size()];
        for (int o = 0; o < k.outs; o++)
            ck_assert_msg(out.p[i * kOut + static_cast<size_t>(o)] == k.wanted.out[o],
                          "%s:%d (%s), thread %zu: answer %d is 0x%llx, not 0x%llx", name, k.line, k.path.c_str(), i, o,
                          static_cast<unsigned long long>(out.p[i * kOut + static_cast<size_t>(o)]),
                          static_cast<unsigned long long>(k.wanted.out[o]));
    }
}

/* property  each rule gives its known answers on every lane
 * why       a known answer on one thread says nothing of a full block (STYLE habit: full blocks)
 * shapes    blocks of 128 threads, lanes shuffled, one block more than there are cases  */
START_TEST(device_philox_blocks_and_row_keys) { check_file("philox.txt", 47); }
END_TEST
START_TEST(device_conversions_and_keys) { check_file("convert.txt", 35); }
END_TEST
START_TEST(device_weights_and_entropy_terms) { check_file("weights.txt", 180); }
END_TEST
START_TEST(device_log2) { check_file("log2.txt", 70); }
END_TEST
START_TEST(device_needs_and_thresholds) { check_file("need.txt", 90); }
END_TEST

} // namespace

Suite *kat_device_suite(void);
Suite *kat_device_suite(void) {
    Suite *suite = suite_create("kat_device");
    TCase *tcase = tcase_create("simt");
    tcase_set_tags(tcase, "simt kat");
    tcase_add_test(tcase, device_philox_blocks_and_row_keys);
    tcase_add_test(tcase, device_conversions_and_keys);
    tcase_add_test(tcase, device_weights_and_entropy_terms);
    tcase_add_test(tcase, device_log2);
    tcase_add_test(tcase, device_needs_and_thresholds);
    suite_add_tcase(suite, tcase);
    return suite;
}

#else
#include <check.h>

Suite *kat_device_suite(void);
Suite *kat_device_suite(void) { return suite_create("kat_device (no simt backend)"); }

#endif
