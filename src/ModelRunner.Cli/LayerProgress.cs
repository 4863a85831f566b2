namespace ModelRunner.Cli;

/// <summary>How far one file of a pull is.</summary>
/// <param name="Id">Its digest.</param>
/// <param name="Role">What it is for, such as <c>weights</c>; empty: the daemon does not say.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="Current">Its bytes that are there.</param>
internal sealed record LayerProgress(string Id, string Role, long Size, long Current)
{
    private const int MaxRole = 12;
    private const int ShortDigits = 12;

    /// <summary>The first digits of the digest and the role.</summary>
    public string Name => $"{ShortId} {(Role.Length <= MaxRole ? Role : Role[..MaxRole]),-9}";

    private string ShortId
    {
        get
        {
            string digits = Id[(Id.IndexOf(':', StringComparison.Ordinal) + 1)..];
            return digits.Length <= ShortDigits ? digits : digits[..ShortDigits];
        }
    }
}
