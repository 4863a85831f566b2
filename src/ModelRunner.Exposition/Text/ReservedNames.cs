namespace ModelRunner.Exposition.Text;

/// <summary>The metric names that only the caller's own families may have.</summary>
internal static class ReservedNames
{
    /// <summary>Whether a name begins with the prefix, or does so after every character that needs quotes becomes an underscore.</summary>
    /// <param name="name">The name, not empty.</param>
    /// <param name="prefix">The prefix; empty: no name is reserved.</param>
    public static bool IsReserved(ReadOnlySpan<byte> name, ReadOnlySpan<byte> prefix)
    {
        // An escaped name may begin with any character where the prefix begins with an underscore.
        if (prefix.IsEmpty || name.Length < prefix.Length || (name[0] != prefix[0] && prefix[0] != '_'))
            return false;
        if (name.StartsWith(prefix))
            return true;
        var position = 0;
        foreach (var wanted in prefix)
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
