namespace ModelRunner.Daemon.Accounting;

/// <summary>What tokens were used for.</summary>
internal enum TokenType
{
    /// <summary>Computed for a prompt.</summary>
    Prompt,

    /// <summary>Of a prompt, taken from a cache.</summary>
    Cached,

    /// <summary>Generated.</summary>
    Generated,

    /// <summary>Proposed by a draft model.</summary>
    Draft,

    /// <summary>Proposed and accepted. They are generated tokens as well.</summary>
    DraftAccepted,
}
