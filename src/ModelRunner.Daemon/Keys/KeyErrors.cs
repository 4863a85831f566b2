using System.Globalization;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Keys;

/// <summary>Creates the errors for requests whose key does not allow them.</summary>
internal static class KeyErrors
{
    private const int MaxName = 200;
    private const int MaxShownModels = 10;

    private static readonly TimeSpan MaxSilentWait = TimeSpan.FromMinutes(1);

    /// <summary>The key was valid until a time.</summary>
    public static ApiError Expired(KeySettings key) => new(
        StatusCodes.Status401Unauthorized,
        $"the key \"{key.Name}\" expired at {ExpiryText.Format(key.ExpiresAt!.Value)}; ask the operator of this daemon for a new one",
        ApiError.Authentication, RefusalCodes.ExpiredKey);

    /// <summary>The key lacks a scope.</summary>
    public static ApiError Scope(KeySettings key, KeyScopes needed) => new(
        StatusCodes.Status403Forbidden,
        $"the key \"{key.Name}\" has the scopes {Words(key.Scopes)}, and this route needs {Words(needed)}; use another key, or ask for this scope",
        ApiError.Permission, RefusalCodes.Scope);

    /// <summary>The key may not use a model.</summary>
    /// <param name="key">The key.</param>
    /// <param name="model">The reference as the client wrote it, so that the message does not tell whether the model exists.</param>
    public static ApiError Model(KeySettings key, string model)
    {
        IEnumerable<string> shown = key.Models.Take(MaxShownModels).Select(static allowed => allowed.Text);
        string more = key.Models.Count > MaxShownModels ? ", …" : "";
        return new ApiError(
            StatusCodes.Status403Forbidden,
            $"the key \"{key.Name}\" may not use model \"{PlainText.EscapeAndCut(model, MaxName)}\", only {string.Join(", ", shown)}{more}; "
            + "use one of these, or ask for this model",
            ApiError.Permission, RefusalCodes.Model, "model");
    }

    /// <summary>The list of the key has a model that does not exist.</summary>
    /// <param name="model">The reference as the client wrote it.</param>
    public static ApiError Missing(string model) => ApiError.NotFound(
        words => $"there is no model \"{PlainText.EscapeAndCut(model, MaxName)}\"; {words.ListModels} lists the models of this key",
        ApiErrors.ModelNotFound, "model");

    /// <summary>The key has as many requests in flight as it may have.</summary>
    public static ApiError Concurrency(KeySettings key) => new(
        StatusCodes.Status429TooManyRequests,
        string.Create(
            CultureInfo.InvariantCulture,
            $"the key \"{key.Name}\" has {key.Concurrency} {(key.Concurrency == 1 ? "request" : "requests")} in flight, which is its limit; "
            + $"try again when one has ended"),
        ApiError.RateLimit, RefusalCodes.Concurrency, RetryAfter: TimeSpan.FromSeconds(1));

    /// <summary>The key has used its tokens.</summary>
    /// <param name="key">The key.</param>
    /// <param name="used">The tokens that it has used.</param>
    /// <param name="limit">Its quota.</param>
    /// <param name="period">The period of the quota: day or month.</param>
    /// <param name="end">When the next period begins.</param>
    /// <param name="now">The time.</param>
    public static ApiError Quota(KeySettings key, long used, long limit, string period, DateTimeOffset end, DateTimeOffset now) => new(
        StatusCodes.Status429TooManyRequests,
        string.Create(
            CultureInfo.InvariantCulture,
            $"the key \"{key.Name}\" has used {used} tokens of this {period}, and its limit is {limit}; "
            + $"it can be used again from {ExpiryText.Format(end)} (UTC)"),
        ApiError.RateLimit, RefusalCodes.Quota, RetryAfter: end - now)
    {
        // A client must not wait for hours in silence.
        CanRetryHelp = end - now <= MaxSilentWait,
    };

    private static string Words(KeyScopes scopes) => string.Join(" and ", KeyScopeText.Format(scopes));
}
