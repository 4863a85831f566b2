namespace ModelRunner.Store.Pulls;

/// <summary>What two requests for a pull have in common if one pull does for both.</summary>
/// <param name="Name">The model.</param>
/// <param name="Target">Which of its versions is asked for.</param>
/// <param name="Token">The token of the client for Hugging Face.</param>
/// <param name="MustFetch">Whether the client may not use what is here under other names.</param>
internal sealed record PullKey(string Name, string Target, string? Token, bool MustFetch)
{
    /// <summary>The key of a pull.</summary>
    public static PullKey Of(Pull pull) => new(pull.Name.ToString(), pull.Name.Target, pull.Token, pull.MustFetch);
}
