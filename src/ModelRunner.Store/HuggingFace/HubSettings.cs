using ModelRunner.Store.Http;

namespace ModelRunner.Store.HuggingFace;

/// <summary>How Hugging Face is asked. The variables are those of its own tools.</summary>
internal sealed record HubSettings
{
    private const string DefaultEndpoint = "https://huggingface.co";
    private const int MaxToken = 1024;

    /// <summary>The address of Hugging Face or of a mirror, with the slash at the end.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>The token of the user; null: everything is asked without one. Only the endpoint gets it.</summary>
    public string? Token { get; init; }

    /// <summary>Whether no request may be sent.</summary>
    public bool IsOffline { get; init; }

    /// <summary>Reads the variables, and the file with the token.</summary>
    /// <param name="read">Returns the value of a variable; null: it is not set.</param>
    /// <param name="readFile">Returns the text of a small file; null: there is none that can be read.</param>
    /// <exception cref="RemoteException">A value cannot be used.</exception>
    public static HubSettings Read(Func<string, string?> read, Func<string, string?> readFile)
    {
        string written = Value("HF_ENDPOINT", read) ?? DefaultEndpoint;
        if (!Uri.TryCreate(written.TrimEnd('/') + "/", UriKind.Absolute, out Uri? endpoint) || endpoint.Scheme is not ("https" or "http")
            || endpoint.UserInfo.Length > 0 || endpoint.Query.Length > 0 || endpoint.Fragment.Length > 0)
        {
            throw new RemoteException(
                RemoteReason.Unreachable, $"the value \"{Texts.Printable(written, 80)}\" of HF_ENDPOINT is no address; write one such as {DefaultEndpoint}");
        }

        return new HubSettings
        {
            Endpoint = endpoint,
            Token = TokenOf(read, readFile),
            IsOffline = Value("HF_HUB_OFFLINE", read)?.ToUpperInvariant() is "1" or "TRUE" or "YES" or "ON",
        };
    }

    /// <summary>Whether a text can be sent as a token.</summary>
    public static bool IsToken(string text) => text.Length is > 0 and <= MaxToken && text.All(static letter => letter is > ' ' and < '\x7f');

    /// <summary>Secrets are not printed.</summary>
    public override string ToString() => Origins.Of(Endpoint);

    private static string? TokenOf(Func<string, string?> read, Func<string, string?> readFile)
    {
        foreach (string variable in (string[])["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"])
        {
            if (Value(variable, read) is { } token)
                return IsToken(token) ? token : throw NoToken($"the value of {variable}");
        }

        string file = Value("HF_TOKEN_PATH", read) ?? Path.Join(HomeOf(read), "token");
        return readFile(file)?.Trim() is not { Length: > 0 } text ? null : IsToken(text) ? text : throw NoToken("the file with the token of Hugging Face");
    }

    private static RemoteException NoToken(string where) => new(
        RemoteReason.Unauthorized, $"{where} is no token: it has spaces or is longer than {MaxToken} characters; write it again, or remove it");

    private static string HomeOf(Func<string, string?> read) => Value("HF_HOME", read)
        ?? Path.Join(Value("XDG_CACHE_HOME", read) ?? Path.Join(Value("HOME", read), ".cache"), "huggingface");

    private static string? Value(string variable, Func<string, string?> read) => read(variable)?.Trim() is { Length: > 0 } value ? value : null;
}
