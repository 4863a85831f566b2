namespace ModelRunner.Daemon.Responses;

/// <summary>An error for a client. <see cref="ApiErrorShape"/> writes it.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Message">One sentence for a person: the value, the limit and the way out; no path of this machine.</param>
/// <param name="Type">The class of the error, for programs.</param>
/// <param name="Code">The code of the error, for programs.</param>
/// <param name="Param">The member of the request that caused the error; null: none.</param>
/// <param name="RetryAfter">When to retry; null if waiting does not help.</param>
internal sealed record ApiError(
    int Status, string Message, string Type, string? Code = null, string? Param = null, TimeSpan? RetryAfter = null)
{
    /// <summary>
    /// Whether the same request may succeed later. If not, the response says so in <c>x-should-retry</c>: clients of OpenAI and similar
    /// clients otherwise retry every status from 500 on.
    /// </summary>
    public bool CanRetryHelp { get; init; } = Status is >= StatusCodes.Status500InternalServerError or StatusCodes.Status408RequestTimeout
        or StatusCodes.Status409Conflict or StatusCodes.Status429TooManyRequests;

    /// <summary>Why the runner failed or was stopped, as a value of the label <c>reason</c>; null if neither happened.</summary>
    public string? Reason { get; init; }

    /// <summary>The name by which the missing model can be pulled; null: the error is another one, or the name cannot be pulled.</summary>
    public string? Pull { get; init; }

    /// <summary>If there is no such model: the names of similar ones, the nearest one first.</summary>
    public IReadOnlyList<string> Similar { get; init; } = [];

    /// <summary>The sentence in the words of the command line; null: it is the same.</summary>
    public string? CommandLine { get; init; }

    /// <summary>The model that exists and cannot be used, with its backend, as values of labels; null: the error is another one.</summary>
    public (string Backend, string Reference)? Model { get; init; }

    public const string InvalidRequest = "invalid_request_error";
    public const string Authentication = "authentication_error";
    public const string Permission = "permission_error";
    public const string RateLimit = "rate_limit_error";
    public const string Unavailable = "unavailable_error";
    public const string Server = "server_error";

    /// <summary>The request itself is wrong.</summary>
    public static ApiError Invalid(string message, string? param = null, string? code = null) =>
        new(StatusCodes.Status400BadRequest, message, InvalidRequest, code, param);

    /// <summary>As the other one, with a sentence that depends on who reads it.</summary>
    public static ApiError Invalid(Func<CallerWords, string> message, string? param = null, string? code = null) =>
        Invalid(message(CallerWords.Api), param, code) with { CommandLine = message(CallerWords.CommandLine) };

    /// <summary>The request names something that does not exist.</summary>
    public static ApiError NotFound(string message, string code, string? param = null) =>
        new(StatusCodes.Status404NotFound, message, InvalidRequest, code, param);

    /// <summary>As the other one, with a sentence that depends on who reads it.</summary>
    public static ApiError NotFound(Func<CallerWords, string> message, string code, string? param = null) =>
        NotFound(message(CallerWords.Api), code, param) with { CommandLine = message(CallerWords.CommandLine) };
}
