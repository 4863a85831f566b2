using static ModelRunner.Configuration.LlamaValueKind;

namespace ModelRunner.Configuration;

/// <summary>
/// The arguments of llama-server that users may add, in every spelling, and those that they may never add. This is an allow-list: all other
/// arguments are refused, so that a new argument of a future llama-server is safe until it has been reviewed.
/// </summary>
internal static class LlamaArgumentTable
{
    // Names of one entry are one argument; the first long one is passed on.
    private static readonly (LlamaValueKind Kind, string Names)[] Allowed =
    [
        // Threads.
        (Integer, "--threads -t"), (Integer, "--threads-batch -tb"), (Integer, "--threads-http"), (Word, "--cpu-mask -C"),
        (Word, "--cpu-range -Cr"), (Integer, "--cpu-strict"), (Integer, "--prio"), (Integer, "--poll"), (Word, "--cpu-mask-batch -Cb"),
        (Word, "--cpu-range-batch -Crb"), (Integer, "--cpu-strict-batch"), (Integer, "--prio-batch"), (Integer, "--poll-batch"),

        // Context, batches and slots.
        (Integer, "--ctx-size -c"), (Integer, "--batch-size -b"), (Integer, "--ubatch-size -ub"), (Integer, "--parallel -np"),
        (Integer, "--keep"), (None, "--swa-full"), (None, "--cont-batching -cb"), (None, "--no-cont-batching -nocb"),
        (None, "--kv-unified -kvu"), (None, "--no-kv-unified -no-kvu"), (None, "--context-shift"), (None, "--no-context-shift"),
        (Integer, "--ctx-checkpoints -ctxcp --swa-checkpoints"), (Integer, "--cache-ram -cram"), (None, "--cache-prompt"),
        (None, "--no-cache-prompt"), (Integer, "--cache-reuse"), (Number, "--slot-prompt-similarity -sps"), (None, "--warmup"),
        (None, "--no-warmup"), (Integer, "--predict -n --n-predict"), (Integer, "--timeout -to"), (Integer, "--sse-ping-interval"),

        // Memory and devices.
        (Word, "--flash-attn -fa"), (Word, "--cache-type-k -ctk"), (Word, "--cache-type-v -ctv"), (None, "--kv-offload -kvo"),
        (None, "--no-kv-offload -nkvo"), (None, "--repack"), (None, "--no-repack -nr"), (None, "--no-host"), (None, "--mlock"),
        (None, "--mmap"), (None, "--no-mmap"), (None, "--direct-io -dio"), (None, "--no-direct-io -ndio"), (Word, "--numa"),
        (Word, "--load-mode -lm"), (Word, "--lazy-mode -lzm"),
        (Word, "--device -dev"), (Word, "--n-gpu-layers -ngl --gpu-layers"), (Word, "--split-mode -sm"), (Word, "--tensor-split -ts"),
        (Integer, "--main-gpu -mg"), (None, "--cpu-moe -cmoe"), (Integer, "--n-cpu-moe -ncmoe"),
        (Pattern, "--override-tensor -ot"), (Word, "--fit -fit"),
        (Word, "--fit-target -fitt"), (Integer, "--fit-ctx -fitc"), (None, "--op-offload"), (None, "--no-op-offload"),
        (None, "--check-tensors"),

        // Position scaling.
        (Word, "--rope-scaling"), (Number, "--rope-scale"), (Number, "--rope-freq-base"), (Number, "--rope-freq-scale"),
        (Integer, "--yarn-orig-ctx"), (Number, "--yarn-ext-factor"), (Number, "--yarn-attn-factor"), (Number, "--yarn-beta-slow"),
        (Number, "--yarn-beta-fast"),

        // Sampling.
        (Word, "--samplers"), (Integer, "--seed -s"), (Word, "--sampling-seq --sampler-seq"), (None, "--ignore-eos"),
        (Number, "--temp --temperature"), (Integer, "--top-k"), (Number, "--top-p"), (Number, "--min-p"),
        (Number, "--top-nsigma --top-n-sigma"), (Number, "--xtc-probability"), (Number, "--xtc-threshold"),
        (Number, "--typical --typical-p"), (Integer, "--repeat-last-n"), (Number, "--repeat-penalty"), (Number, "--presence-penalty"),
        (Number, "--frequency-penalty"), (Number, "--dry-multiplier"), (Number, "--dry-base"), (Integer, "--dry-allowed-length"),
        (Integer, "--dry-penalty-last-n"), (Number, "--dynatemp-range"), (Number, "--dynatemp-exp"), (Integer, "--mirostat"),
        (Number, "--mirostat-lr"), (Number, "--mirostat-ent"),

        // Templates, thinking and pooling.
        (None, "--jinja"), (None, "--no-jinja"), (Word, "--chat-template"), (Json, "--chat-template-kwargs"),
        (None, "--prefill-assistant"), (None, "--no-prefill-assistant"), (Word, "--reasoning-format"), (Integer, "--reasoning-budget"),
        (Word, "--reasoning -rea"), (Word, "--reasoning-effort"), (None, "--reasoning-preserve"), (None, "--no-reasoning-preserve"),
        (Word, "--pooling"), (None, "--spm-infill"), (Integer, "--image-min-tokens"),
        (Integer, "--image-max-tokens"), (None, "--mmproj-offload"), (None, "--no-mmproj-offload"),

        // Drafting without a second model.
        (Word, "--spec-type"), (Integer, "--spec-draft-n-max"), (Integer, "--spec-draft-n-min"),
        (Number, "--spec-draft-p-min --draft-p-min"), (Number, "--spec-draft-p-split --draft-p-split"),
        (Integer, "--spec-ngram-mod-n-max"), (Integer, "--spec-ngram-mod-n-min"), (Integer, "--spec-ngram-mod-n-match"),
        (Integer, "--draft-max --draft --draft-n"), (Integer, "--draft-min --draft-n-min"),

        // Verbosity of the runner's own log, which the daemon collects.
        (Integer, "--verbosity -lv --log-verbosity"), (None, "--verbose -v --log-verbose"), (None, "--perf"), (None, "--no-perf"),
    ];

    // Arguments that the daemon sets itself, and what to write instead.
    private static readonly (string Names, string Remedy)[] Owned =
    [
        ("--model -m --hf-repo -hf -hfr --hf-file -hff --hf-token -hft --model-url -mu --docker-repo -dr --models-dir --models-preset"
            + " --models-max --models-autoload --no-models-autoload", "name the file under models in model-runner.json"),
        ("--host --port --reuse-port --api-prefix --path", "MODEL_RUNNER_SOCK, MODEL_RUNNER_PORT and MODEL_RUNNER_BIND say where the daemon listens"),
        ("--alias -a --tags", "the name under models in model-runner.json is the name that clients use"),
        ("--metrics --no-metrics", "DISABLE_METRICS=1 turns metrics off"),
        ("--mmproj -mm", "name the file as mmproj of its model in model-runner.json, or put it into the folder of the model"),
        ("--model-draft -md --spec-draft-model", "name the draft model in the member draft of its model in model-runner.json"),
        ("--embedding --embeddings --rerank --reranking", "the daemon chooses the mode by the route of the request"),
        ("--api-key --api-key-file", "MODEL_RUNNER_API_KEY is the key of the daemon; runners are private to it"),
        ("--slots --no-slots --props --ui --no-ui --webui --no-webui --ui-config --ui-config-file --webui-config --webui-config-file"
            + " --offline --sleep-idle-seconds --log-jsonl --log-prefix --no-log-prefix --log-timestamps --no-log-timestamps --log-colors"
            + " --log-disable", "leave it out"),
    ];

    private static readonly (string Names, string Reason)[] Forbidden =
    [
        ("--log-file --slot-save-path --lookup-cache-static -lcs --lookup-cache-dynamic -lcd --media-path --lora --lora-scaled"
            + " --control-vector --control-vector-scaled --mmproj-url -mmu --hf-repo-draft -hfd -hfrd --spec-draft-hf"
            + " --grammar-file --json-schema-file -jf --chat-template-file --ssl-key-file --ssl-cert-file --model-vocoder -mv --file -f"
            + " --binary-file -bf --in-file --config --tools --tools-runtime", "reads or writes files"),
        ("--rpc --webui-mcp-proxy --ui-mcp-proxy --agent", "opens network connections"),
    ];

    /// <summary>Allowed arguments by every spelling.</summary>
    public static IReadOnlyDictionary<string, LlamaArgument> Arguments { get; } = Expand();

    /// <summary>Explains why an argument may not be added and what to do instead.</summary>
    public static (string Reason, string Remedy) Explain(string name)
    {
        foreach ((string names, string remedy) in Owned)
            if (Holds(names, name))
                return ("is set by the daemon itself", remedy);
        foreach ((string names, string reason) in Forbidden)
            if (Holds(names, name))
                return ($"is never allowed because it {reason}", "leave it out");

        // A short form is similar to many words, so it gets no suggestion. Dashes do not count as common letters.
        IEnumerable<string> longNames = Arguments.Keys
            .Where(static known => known.StartsWith("--", StringComparison.Ordinal)).Select(static known => known[2..]);
        string word = name.TrimStart('-');
        string? closest = Spelling.Closest(word, longNames, word.Length < 5 ? 1 : Math.Max(2, word.Length / 4));
        return ("is not on the list of arguments that may be added",
            closest is null ? "leave it out; docs/configuration.md has the list" : $"did you mean --{closest}?");
    }

    private static Dictionary<string, LlamaArgument> Expand()
    {
        var arguments = new Dictionary<string, LlamaArgument>(StringComparer.Ordinal);
        foreach ((LlamaValueKind kind, string names) in Allowed)
        {
            string[] spellings = names.Split(' ');
            foreach (string spelling in spellings)
                arguments.Add(spelling, new LlamaArgument(spellings[0], kind));
        }

        return arguments;
    }

    private static bool Holds(string names, string name) => names.Split(' ').Contains(name, StringComparer.Ordinal);
}
