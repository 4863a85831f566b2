namespace ModelRunner.Store.Http;

/// <summary>A request that can be sent again: after a redirect, with credentials, or after a failure.</summary>
/// <param name="Method">Its method.</param>
/// <param name="Address">Where it goes first.</param>
internal sealed record OutgoingRequest(HttpMethod Method, Uri Address)
{
    /// <summary>Headers that every server may see.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>The value of the header <c>Authorization</c>. Only the scheme, host and port of <see cref="Address"/> get it.</summary>
    public string? Authorization { get; init; }

    /// <summary>Makes the body; called once for each time that the request is sent. Null: there is none.</summary>
    public Func<HttpContent>? Body { get; init; }

    /// <summary>
    /// The server that named <see cref="Address"/>, for example a registry its token server. If it is on the internet, no internal address is asked.
    /// Null: the user named it, or trusts it.
    /// </summary>
    public Uri? NamedBy { get; init; }

    /// <summary>Whether a redirect to another server is the response, because its headers are what is asked for.</summary>
    public bool ReturnsForeignRedirects { get; init; }

    /// <summary>Whether a redirect to another server is refused, because the body is a secret.</summary>
    public bool StaysAtOrigin { get; init; }

    /// <summary>Credentials are not printed.</summary>
    public override string ToString() => $"{Method} {Origins.Of(Address)}";
}
