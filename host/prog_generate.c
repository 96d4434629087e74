/* prog_generate.c - `urn generate`: sentences from a trigram model, through liburn. */
#include "host/prog_args.h"
#include "host/prog_beam.h"
#include "host/prog_decode.h"
#include "host/prog_progress.h"
#include "host/prog_serve.h"
#include "host/prog_speculate_report.h"
#include "host/prog_steps.h"

#include <stdlib.h>
#include <string.h>

enum { STEPS, PRESET, SET, MIROSTAT, ROWS, TOKENS, SEED, DTYPE, PROMPT, MODEL, DUMP, DUMP_ALL, SERVE, SLOTS, BEAM };
enum { SPECULATE = BEAM + 1, DRAFTS, TREE, VERIFIER, BACKEND, DEVICE, THREADS };

enum { MAX_PROMPT = 4096 };

/* The prompt's words as ids. Returns an exit code. */
static int read_prompt(prog_lm *lm, const char *text, int32_t *ids, int32_t *count) {
    char word[128];
    *count = 0;
    while (*text) {
        const size_t n = strcspn(text, " ");
        if (n > 0) {
            int32_t id;
            snprintf(word, sizeof word, "%.*s", n < sizeof word ? (int)n : (int)sizeof word - 1, text);
            id = prog_lm_find(lm, word);
            if (id < 0 || prog_lm_is_marker(lm, id)) {
                fprintf(stderr, "urn generate: --prompt: the model has no word '%s' (its words are in lower case)\n",
                        word);
                return PROG_USAGE;
            }
            if (*count == MAX_PROMPT) {
                fprintf(stderr, "urn generate: --prompt: %d words at most\n", MAX_PROMPT);
                return PROG_USAGE;
            }
            ids[(*count)++] = id;
        }
        text += n + (text[n] == ' ');
    }
    return PROG_OK;
}

/* TAU:ETA. Returns an exit code. */
static int read_mirostat(const prog_value *option, prog_decode_params *p) {
    char *end;
    if (!option->given) return PROG_OK;
    p->mirostat = 1;
    p->tau = strtof(option->text, &end);
    p->eta = 0.1f;
    if (*end == ':') p->eta = strtof(end + 1, &end);
    if (*end == 0 && end != option->text && p->tau > 0 && p->tau < 1000 && p->eta > 0 && p->eta < 1000) return PROG_OK;
    fprintf(stderr, "urn generate: --mirostat takes TAU:ETA, both above 0 and below 1000, not '%s'\n", option->text);
    return PROG_USAGE;
}

static void print_sentence(const prog_lm *lm, const prog_sentence *s, int32_t number, const char *prompt) {
    int32_t t;
    printf("%d  %d token%s, %s; logprob %.4f, raw %.4f; mean entropy %.3f, mean kept %.1f\n", number, s->tokens,
           s->tokens == 1 ? "" : "s", s->ended ? "ended" : "cut", s->logprob, s->logprob_raw, s->entropy, s->kept);
    printf("   %s", prompt);
    for (t = 0; t < s->tokens - s->ended; t++)
        printf("%s%s", t > 0 || prompt[0] ? " " : "", prog_lm_word(lm, s->ids[t]));
    printf("%s\n", s->ended ? "." : " ...");
}

static void print_times(const prog_device *device, const prog_decode_params *p, const char *steps,
                        const prog_decode_result *r, double load, prog_lm_info model) {
    static const char *const DTYPES[] = {"f32", "f16", "bf16"};
    char where[256];
    const double all = r->model_seconds + r->copy_seconds + r->urn_seconds, tokens = (double)r->tokens;
    prog_device_text(device, where, sizeof where);
    printf("\nasked    %d rows of %d %s logits, %d tokens at most; steps %s; seed %llu\n", p->rows, model.words,
           DTYPES[p->dtype], p->tokens, steps, (unsigned long long)p->seed);
    printf("backend  %s\n", where);
    printf("model    %.3f s, %.1f us a row%s; loaded and checked in %.2f s\n", r->model_seconds,
           1e6 * r->model_seconds / tokens, model.fast ? "" : " (a score for every word)", load);
    if (r->copy_seconds > 0)
        printf("copy     %.3f s, %.1f us a row to the device\n", r->copy_seconds, 1e6 * r->copy_seconds / tokens);
    printf("urn      %.3f s, %.1f us a row, %.1f %% of the time; %llu launches\n", r->urn_seconds,
           1e6 * r->urn_seconds / tokens, 100 * r->urn_seconds / all, (unsigned long long)r->launches);
    printf("tokens   %lld, %.0f a second (%.0f in urn alone)\n", (long long)r->tokens, tokens / all,
           tokens / r->urn_seconds);
    printf("digest   %016llx\n", (unsigned long long)r->digest);
}

/* What the user asked for, in a line. */
static void write_steps(const prog_values *v, char *text, size_t size) {
    static const char *const PRESETS[] = {"hf", "vllm", "llama"};
    const prog_value *preset = &v->of[PRESET], *mirostat = &v->of[MIROSTAT];
    const int n = preset->given ? snprintf(text, size, "of %s with %s", PRESETS[preset->number],
                                           v->of[SET].text[0] ? v->of[SET].text : "nothing set")
                                : snprintf(text, size, "%s", v->of[STEPS].text[0] ? v->of[STEPS].text : "none");
    if (mirostat->given && (size_t)n < size) snprintf(text + n, size - (size_t)n, "; Mirostat %s", mirostat->text);
}

static int fail(const prog_error *error) {
    fprintf(stderr, "urn generate: %s\n", error->text);
    return PROG_FAILED;
}

/* What the simulation decides for itself can not be given. Returns an exit code. */
static int check_serve(const prog_values *v) {
    static const int OTHERS[] = {STEPS, PRESET, SET, MIROSTAT, ROWS, PROMPT, DUMP, DUMP_ALL, BEAM};
    size_t i;
    if (v->of[SLOTS].given && !v->of[SERVE].given) {
        fprintf(stderr, "urn generate: --slots is for --serve\n");
        return PROG_USAGE;
    }
    for (i = 0; v->of[SERVE].given && i < sizeof OTHERS / sizeof OTHERS[0]; i++)
        if (v->of[OTHERS[i]].given) {
            fprintf(stderr, "urn generate: --serve decides --%s itself: leave it out\n",
                    prog_generate.options[OTHERS[i]].name);
            return PROG_USAGE;
        }
    return PROG_OK;
}

/* Drafts are drawn by label, without slots, and under the law that is verified. Returns an exit code. */
static int check_speculate(const prog_values *v, const prog_decode_params *p, prog_tree *tree) {
    static const int OTHERS[] = {MIROSTAT, DUMP, DUMP_ALL, SERVE, BEAM, DTYPE}, OWN[] = {DRAFTS, TREE, VERIFIER};
    prog_error error;
    size_t i;
    int32_t s;
    if (!v->of[SPECULATE].given) {
        for (i = 0; i < sizeof OWN / sizeof OWN[0]; i++)
            if (v->of[OWN[i]].given) {
                fprintf(stderr, "urn generate: --%s is for --speculate\n", prog_generate.options[OWN[i]].name);
                return PROG_USAGE;
            }
        return PROG_OK;
    }
    for (i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++)
        if (v->of[OTHERS[i]].given) {
            fprintf(stderr, "urn generate: --%s does not go with --speculate\n", prog_generate.options[OTHERS[i]].name);
            return PROG_USAGE;
        }
    for (s = 0; s < p->step_count; s++)
        if (p->steps[s].op == URN_OP_XTC || prog_reads_context(p->steps, p->step_count)) {
            fprintf(stderr, "urn generate: xtc and steps that read the context do not go with --speculate\n");
            return PROG_USAGE;
        }
    if (!v->of[TREE].given)
        prog_tree_chain((int32_t)v->of[DRAFTS].number, tree);
    else if (prog_tree_parse(v->of[TREE].text, tree, &error) != 0) {
        fprintf(stderr, "urn generate: %s\n", error.text);
        return PROG_USAGE;
    }
    return PROG_OK;
}

/* Beams are copied and dropped, and what a slot holds is not moved along here. Returns an exit code. */
static int check_beam(const prog_values *v, const urn_step *steps, int32_t count) {
    static const int OTHERS[] = {MIROSTAT, ROWS, DTYPE, DUMP, DUMP_ALL};
    size_t i;
    for (i = 0; v->of[BEAM].given && i < sizeof OTHERS / sizeof OTHERS[0]; i++)
        if (v->of[OTHERS[i]].given) {
            fprintf(stderr, "urn generate: --%s does not go with --beam: leave it out\n",
                    prog_generate.options[OTHERS[i]].name);
            return PROG_USAGE;
        }
    if (v->of[BEAM].given && prog_reads_context(steps, count)) {
        fprintf(stderr, "urn generate: --beam: steps that read what was said are not for beams\n");
        return PROG_USAGE;
    }
    return PROG_OK;
}

static int run(const prog_values *v) {
    static int32_t prompt[MAX_PROMPT];
    urn_step steps[URN_MAX_STEPS];
    prog_decode_params p;
    prog_decode_result result;
    prog_tree tree;
    prog_device device;
    prog_error error;
    prog_lm *lm = NULL;
    char asked[512];
    double load;
    int32_t r;
    int code;
    memset(&p, 0, sizeof p);
    memset(&result, 0, sizeof result);
    memset(&device, 0, sizeof device);
    if (!URN_WITH_LM) {
        fprintf(stderr, "urn generate: this program was built without a language model library. On Debian and Ubuntu:\n"
                        "  apt-get install libsphinxbase-dev pocketsphinx-en-us\n"
                        "then configure and build again (bash host/quickstart.sh does all of it).\n");
        return PROG_FAILED;
    }
    if (prog_get_steps(v, STEPS, steps, &p.step_count, &error) != 0) {
        fprintf(stderr, "urn generate: %s\n", error.text);
        return PROG_USAGE;
    }
    if (p.step_count > URN_MAX_STEPS - 2) {
        fprintf(stderr, "urn generate: --steps: %d at most, two are the program's own\n", URN_MAX_STEPS - 2);
        return PROG_USAGE;
    }
    code = check_serve(v);
    if (code == PROG_OK) code = check_beam(v, steps, p.step_count);
    if (code == PROG_OK) code = read_mirostat(&v->of[MIROSTAT], &p);
    if (code != PROG_OK) return code;
    p.steps = steps;
    p.rows = (int32_t)v->of[ROWS].number;
    p.tokens = (int32_t)v->of[TOKENS].number;
    p.seed = v->of[SEED].wide;
    p.dtype = (urn_dtype)v->of[DTYPE].number;
    p.dump = v->of[DUMP].text;
    p.dump_all = v->of[DUMP_ALL].given;
    code = check_speculate(v, &p, &tree);
    if (code != PROG_OK) return code;
    /* The backend first: it fails at once where it is not there, and the model takes a second to load. */
    if (prog_device_open(&device, v->of[BACKEND].number, v->of[DEVICE].number, v->of[THREADS].number, &error) != 0) {
        code = fail(&error);
        goto done;
    }
    load = prog_seconds();
    lm = prog_lm_open(v->of[MODEL].text, &error);
    load = prog_seconds() - load;
    if (lm == NULL) {
        code = fail(&error);
        goto done;
    }
    if (v->of[SERVE].given) {
        prog_serve_params serve;
        serve.requests = (int32_t)v->of[SERVE].number;
        serve.slots = (int32_t)v->of[SLOTS].number;
        serve.tokens = p.tokens;
        serve.seed = p.seed;
        serve.dtype = p.dtype;
        code = prog_serve(&device, lm, &serve, &error);
        goto done;
    }
    p.prompt = prompt;
    code = read_prompt(lm, v->of[PROMPT].text, prompt, &p.prompt_count);
    if (code != PROG_OK) goto done;
    if (v->of[SPECULATE].given) {
        /* the first choice is all of them */
        if (prog_speculate_run(&device, lm, &p, &tree, v->of[VERIFIER].number - 1, &error) != 0) code = fail(&error);
        goto done;
    }
    if (v->of[BEAM].given) {
        p.rows = (int32_t)v->of[BEAM].number;
        if (prog_beam(&device, lm, &p, v->of[PROMPT].text, &error) != 0) code = fail(&error);
        p.rows = 0; /* no sentences of the other kind */
        goto done;
    }
    if (prog_decode(&device, lm, &p, &result, &error) != 0) {
        code = fail(&error);
        goto done;
    }
    for (r = 0; r < p.rows; r++) print_sentence(lm, &result.sentences[r], r, v->of[PROMPT].text);
    write_steps(v, asked, sizeof asked);
    print_times(&device, &p, asked, &result, load, prog_lm_get_info(lm));
done:
    prog_decode_free(&result, p.rows);
    prog_lm_close(lm);
    prog_device_close(&device);
    return code;
}

static const prog_option OPTIONS[] = {
    PROG_OPTION_STEPS("temperature=0.8,top_p=0.95,min_p=0.02"),
    PROG_OPTION_PRESET,
    PROG_OPTION_SET,
    {"mirostat", 0, PROG_TEXT, "TAU:ETA", NULL, 0, 0, NULL,
     "after the steps, keep the ids of surprise at most mu bits: mu begins at 2 * TAU, and each word moves it so that "
     "surprises come near TAU, at the rate ETA (0.1 if left out)"},
    {"rows", 'r', PROG_INT, "N", "8", 1, 4096, NULL, "sentences, decoded as one batch"},
    {"tokens", 't', PROG_INT, "N", "40", 1, 65536, NULL,
     "most tokens of a sentence; it ends earlier where the model does"},
    PROG_OPTION_SEED,
    {"dtype", 0, PROG_CHOICE, "NAME", "f32", 0, 0, "f32|f16|bf16", "what the logits are rounded to"},
    {"prompt", 0, PROG_TEXT, "WORDS", "", 0, 0, NULL, "words that every sentence begins with"},
    {"model", 0, PROG_TEXT, "FILE", PROG_LM_DEFAULT, 0, 0, NULL,
     "an n-gram model, of order 2 or 3, that sphinxbase reads"},
    {"dump-logits", 0, PROG_TEXT, "FILE", NULL, 0, 0, NULL,
     "write the row of logits that each sentence's last token was drawn from, [rows, words], as .npy "
     "(bf16 as u2)"},
    {"dump-all", 0, PROG_FLAG, NULL, NULL, 0, 0, NULL,
     "with --dump-logits: the rows of every token, one token after another"},
    {"serve", 0, PROG_INT, "N", NULL, 1, 1 << 20, NULL,
     "in place of sentences: simulate a server with N requests, then run each alone and compare every bit; --tokens is "
     "the most of a request, and steps, prompts and --rows are the simulation's own"},
    {"slots", 0, PROG_INT, "N", "64", 1, 1 << 16, NULL, "with --serve: requests that run at a time"},
    {"beam", 0, PROG_INT, "N", NULL, 1, 1024, NULL,
     "N different sentences, drawn without replacement by stochastic beam search, the first pick first; --rows does "
     "not count"},
    {"speculate", 0, PROG_CHOICE, "NAME", NULL, 0, 0, "bigram",
     "speculative decoding: the model's bigrams draft, the trigrams verify; the text keeps its law"},
    {"draft", 0, PROG_INT, "N", "4", 1, 15, NULL, "with --speculate: drafts of a chain"},
    {"tree", 0, PROG_TEXT, "WIDTHS", NULL, 0, 0, NULL, "with --speculate: a tree of drafts in place of a chain: 4x2x1"},
    {"verifier", 'V', PROG_CHOICE, "NAME", "all", 0, 0, "all|" PROG_VERIFIERS,
     "with --speculate: which drafts are accepted; all compares the lossless ones; `urn help verifiers`"},
    PROG_OPTION_BACKEND,
    PROG_OPTION_DEVICE,
    PROG_OPTION_THREADS,
};

const prog_command prog_generate = {
    "generate",
    "sentences from a real language model",
    "[OPTIONS]",
    "Decodes a batch of sentences from the CMU US-English trigram model (72,547 words; Debian package "
    "pocketsphinx-en-us), the way an inference engine does: at every token each running sentence's last two words give "
    "a row of logits, one call draws for all rows, one commits what was drawn, and sentences that drew </s> become "
    "padding.\n\n"
    "A mask before the user's steps forbids what is no word (<s>, unknown words, fillers); </s> is only ever drawn as "
    "the end of a sentence. The random numbers of a token belong to the seed, the sentence's number and the token's "
    "number, so sentence 3 is the same sentence with --rows 4 and --rows 400, on every backend. Steps that read what "
    "was said see the prompt and the sentence so far.\n\n"
    "With --serve it simulates a server instead: requests arrive over time and wait for a slot, leave at lengths of "
    "their own, are preempted and later put into a slot again from their prompt and output; each has one of twelve "
    "lists of steps, and its own seed, temperature (0 for some), mask, prompt and number of draws; a step's rows are "
    "shuffled, with padding among them. Afterwards every request runs alone, and its ids, log-probabilities and raw "
    "log-probabilities are "
    "compared byte for byte.\n\n"
    "With --speculate every round drafts a chain or a tree of words from the model's bigrams and verifies them by its "
    "trigrams in one call. The text has the law of decoding word by word; with the verifier match it is the very text "
    "of "
    "the same seed without --speculate.",
    OPTIONS,
    sizeof OPTIONS / sizeof OPTIONS[0],
    0,
    0,
    "For every sentence: its tokens, </s> counted; whether it ended or was cut at --tokens; the sum of the "
    "log-probabilities (nats) of its tokens under the law drawn from (logprob) and under the model itself (raw); the "
    "mean entropy (nats) of the laws drawn from; the mean number of words that the steps left; its text.\n"
    "Then the time of the language model, of copies to the device, and of urn (sampling, committing, reading back); "
    "tokens a second; and a digest of all ids: 64-bit FNV-1a over every sentence's ids in order (int32, little-endian) "
    "and a -1 after each. The digest is the same on every backend.\n"
    "With --serve: what the batch went through, a digest of all ids drawn, and the comparison; the exit code is 1 if "
    "one "
    "request has one other byte, or a padding row was answered as anything else.",
    "  urn generate --seed 7\n"
    "  urn generate --steps temperature=0.8,top_p=0.95,min_p=0.02 --rows 8 --tokens 40 --seed 7 --backend cpu\n"
    "  urn generate --prompt \"the president of\" --steps temperature=0 --rows 1\n"
    "  urn generate --steps penalties=1.1,temperature=0.9 --mirostat 4:0.2\n"
    "  urn generate --preset llama --set top_k=40,min_p=0.05,temperature=0.8\n"
    "  urn generate --beam 16 --steps temperature=0.7 --tokens 12\n"
    "  urn generate --serve 500 --slots 64\n"
    "  urn generate --speculate bigram --draft 4 --verifier block --steps temperature=0.8,top_k=50\n"
    "  urn generate --speculate bigram --tree 4x2x1\n"
    "  urn generate --rows 64 --dump-logits logits.npy && urn sample logits.npy --steps top_k=40\n",
    run,
};
