namespace ModelRunner.LlamaHost.Generation;

/// <summary>
/// All numeric sampling parameters. The limits exclude values with which llama.cpp would compute infinities or allocate without limit; all
/// values in practical use lie within them.
/// </summary>
internal static class SamplingParameters
{
    /// <summary>The most tokens that penalties look back.</summary>
    public const int MaxLastTokens = 1_048_576;

    /// <summary>The parameters in the order of the help.</summary>
    public static IReadOnlyList<SamplingParameter> All { get; } =
    [
        Real("temperature", ["--temp", "--temperature"], 0, 100, "temperature; 0: always the most likely token",
            (settings, value) => settings with { Temperature = value }),
        Whole("top_k", ["--top-k"], -1, int.MaxValue, "choose from the N most likely tokens; 0: all",
            (settings, value) => settings with { TopK = value }),
        Real("top_p", ["--top-p"], 0, 1, "choose from this share of probability; 1: all",
            (settings, value) => settings with { TopP = value }),
        Real("min_p", ["--min-p"], 0, 1, "least probability as a share of the best; 0: off",
            (settings, value) => settings with { MinP = value }),
        Real("top_n_sigma", ["--top-nsigma", "--top-n-sigma"], -1, 1000, "keep tokens within N standard deviations; -1: off",
            (settings, value) => settings with { TopNSigma = value }),
        Real("typical_p", ["--typical", "--typical-p"], 0, 1, "locally typical sampling; 1: off",
            (settings, value) => settings with { TypicalP = value }),
        Real("xtc_probability", ["--xtc-probability"], 0, 1, "chance of removing the top tokens; 0: off",
            (settings, value) => settings with { XtcProbability = value }),
        Real("xtc_threshold", ["--xtc-threshold"], 0, 1, "probability from which XTC removes tokens",
            (settings, value) => settings with { XtcThreshold = value }),
        Whole("min_keep", [], 0, int.MaxValue, "tokens that the filters always keep", (settings, value) => settings with { MinKeep = value }),
        Whole("repeat_last_n", ["--repeat-last-n"], -1, MaxLastTokens, "tokens that penalties look back; -1: all, 0: off",
            (settings, value) => settings with { RepeatLastN = value }),
        Real("repeat_penalty", ["--repeat-penalty"], 0.01, 100, "penalty for repeated tokens; 1: off",
            (settings, value) => settings with { RepeatPenalty = value }),
        Real("presence_penalty", ["--presence-penalty"], -2, 2, "penalty for tokens that occurred; 0: off",
            (settings, value) => settings with { PresencePenalty = value }),
        Real("frequency_penalty", ["--frequency-penalty"], -2, 2, "penalty for each occurrence; 0: off",
            (settings, value) => settings with { FrequencyPenalty = value }),
        Real("dry_multiplier", ["--dry-multiplier"], 0, 1000, "penalty for repeated sequences; 0: off",
            (settings, value) => settings with { DryMultiplier = value }),
        Real("dry_base", ["--dry-base"], 0, 1000, "how fast that penalty grows", (settings, value) => settings with { DryBase = value }),
        Whole("dry_allowed_length", ["--dry-allowed-length"], 0, MaxLastTokens, "length of sequences that may be repeated",
            (settings, value) => settings with { DryAllowedLength = value }),
        Whole("dry_penalty_last_n", ["--dry-penalty-last-n"], -1, MaxLastTokens, "tokens that DRY looks back; -1: all, 0: off",
            (settings, value) => settings with { DryPenaltyLastN = value }),
        Real("dynatemp_range", ["--dynatemp-range"], 0, 100, "range of the dynamic temperature; 0: off",
            (settings, value) => settings with { DynamicTemperatureRange = value }),
        Real("dynatemp_exponent", ["--dynatemp-exp"], 0, 100, "exponent of the dynamic temperature",
            (settings, value) => settings with { DynamicTemperatureExponent = value }),
        Whole("mirostat", ["--mirostat"], 0, 2, "Mirostat 1 or 2 in place of the other samplers; 0: off",
            (settings, value) => settings with { Mirostat = value }),
        Real("mirostat_tau", ["--mirostat-ent"], 0, 100, "Mirostat's target entropy", (settings, value) => settings with { MirostatTau = value }),
        Real("mirostat_eta", ["--mirostat-lr"], 0, 1, "Mirostat's learning rate", (settings, value) => settings with { MirostatEta = value }),
        Real("adaptive_target", ["--adaptive-target"], -1, 1, "probability that adaptive-p aims at; -1: off",
            (settings, value) => settings with { AdaptiveTarget = value }),
        Real("adaptive_decay", ["--adaptive-decay"], 0, 0.99, "how slowly adaptive-p forgets",
            (settings, value) => settings with { AdaptiveDecay = value }),
    ];

    private static SamplingParameter Real(
        string member, string[] flags, double least, double most, string help, Func<SamplingSettings, float, SamplingSettings> apply) =>
        new(member, flags, least, most, false, help, (settings, value) => apply(settings, (float)value));

    private static SamplingParameter Whole(
        string member, string[] flags, int least, int most, string help, Func<SamplingSettings, int, SamplingSettings> apply) =>
        new(member, flags, least, most, true, help, (settings, value) => apply(settings, (int)value));
}
