namespace ModelRunner.Exposition.Text;

/// <summary>The names that only the page's own families may have.</summary>
internal static class ReservedNames
{
    public static ReadOnlySpan<byte> Prefix => "model_runner_"u8;

    /// <summary>Whether a name begins with the prefix, or would once every character that needs quotes is an underscore.</summary>
    public static bool IsReserved(ReadOnlySpan<byte> name)
    {
        if (name.Length < Prefix.Length || name[0] != 'm')
            return false;
        if (name.StartsWith(Prefix))
            return true;
        var position = 0;
        foreach (var wanted in Prefix)
        {
            if (position == name.Length)
                return false;
            var isSame = name[position] == wanted || (wanted == '_' && !Characters.IsMetricPart(name[position]));
            if (!isSame)
                return false;
            position++;
            // A character of several bytes becomes one underscore.
            while (position < name.Length && (name[position] & 0xC0) == 0x80)
                position++;
        }

        return true;
    }
}
