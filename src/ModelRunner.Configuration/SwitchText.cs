namespace ModelRunner.Configuration;

/// <summary>Switches as people write them, in any case. An empty text is off; all other words are refused.</summary>
internal static class SwitchText
{
    /// <summary>The accepted words, for a sentence.</summary>
    public const string Expected = "one of 1, true, yes, on, t, 0, false, no, off, f";

    /// <summary>Reads a switch; false if the word is neither on nor off.</summary>
    public static bool TryParse(string text, out bool isOn)
    {
        string word = text.Trim().ToUpperInvariant();
        isOn = word is "1" or "TRUE" or "YES" or "ON" or "T";
        return isOn || word is "" or "0" or "FALSE" or "NO" or "OFF" or "F";
    }
}
