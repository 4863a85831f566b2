namespace ModelRunner.Daemon.Diagnostics;

/// <summary>
/// Names for OpenTelemetry, which traces and metrics share. Names that begin with <c>gen_ai.</c> are those of its conventions for generative
/// AI; names that begin with <c>model_runner.</c> are our own.
/// </summary>
internal static class OtelNames
{
    /// <summary>The name of the daemon as a service, of the source of its spans and of the meter of its instruments.</summary>
    public const string Service = "model-runner";

    public const string Operation = "gen_ai.operation.name";
    public const string Provider = "gen_ai.provider.name";
    public const string RequestModel = "gen_ai.request.model";
    public const string InputTokens = "gen_ai.usage.input_tokens";
    public const string CachedTokens = "gen_ai.usage.cache_read.input_tokens";
    public const string OutputTokens = "gen_ai.usage.output_tokens";
    public const string FinishReasons = "gen_ai.response.finish_reasons";

    public const string ErrorType = "error.type";
    public const string HttpMethod = "http.request.method";
    public const string HttpRoute = "http.route";
    public const string HttpStatus = "http.response.status_code";

    public const string Mode = "model_runner.mode";
    public const string Outcome = "model_runner.outcome";
    public const string LoadDuration = "model_runner.load.duration";
    public const string LoadEvicted = "model_runner.load.evicted";
}
