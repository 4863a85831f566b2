namespace ModelRunner.Daemon.Accounting;

/// <summary>The counters of tokens that a runner showed last.</summary>
/// <param name="PromptTokens">Computed tokens of prompts; null: the runner does not count them.</param>
/// <param name="GeneratedTokens">Generated tokens; null: the runner does not count them.</param>
internal readonly record struct RunnerCounts(long? PromptTokens, long? GeneratedTokens);
