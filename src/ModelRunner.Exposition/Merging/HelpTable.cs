using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Merging;

/// <summary>The HELP texts of all names. Each text is stored once for a name, with the number of sources that declare it.</summary>
internal sealed class HelpTable
{
    private const int KeepBytes = 256 * 1024;

    private readonly ByteBuilder _bytes = new();

    // The texts that the current source has in common with earlier sources.
    private readonly List<int> _repeated = [];
    private HelpText[] _texts = new HelpText[DebugSizes.Pick(64, 1)];

    private int _firstText;

    public int Count { get; private set; }

    public ReadOnlySpan<byte> Text(int index) => _bytes.Written.Slice(_texts[index].Start, _texts[index].Length);

    public void BeginSource()
    {
        _firstText = Count;
        _repeated.Clear();
    }

    /// <summary>Removes the texts of the current source.</summary>
    public void RemoveSource()
    {
        foreach (var text in _repeated)
            _texts[text].Sources--;
        Count = _firstText;
        BeginSource();
    }

    /// <summary>Adds the text that a source declares for a name. Only the first text of a source counts.</summary>
    public void Add(ref NameEntry name, int source, ReadOnlySpan<byte> escaped, bool quotes)
    {
        if (name.LastHelpSource == source)
            return;
        name.LastHelpSource = source;
        // Usually an earlier source has the same text, and it contains no escapes.
        if (name.FirstHelp >= 0 && Text(name.FirstHelp).SequenceEqual(escaped) && !escaped.Contains((byte)'\\'))
        {
            Repeat(name.FirstHelp);
            return;
        }

        var start = _bytes.Length;
        var decoded = _bytes.GetSpan(escaped.Length);
        decoded = decoded[..Escapes.Decode(escaped, decoded, quotes)];
        var hash = SeriesHash.Of(decoded);
        for (var index = name.FirstHelp; index >= 0; index = _texts[index].Next)
        {
            if (_texts[index].Hash != hash || !Text(index).SequenceEqual(decoded))
                continue;
            Repeat(index);
            return;
        }

        if (Count == _texts.Length)
            Array.Resize(ref _texts, Count * 2);
        _texts[Count] = new HelpText { Hash = hash, Start = start, Length = decoded.Length, Sources = 1, Next = name.FirstHelp };
        _bytes.Advance(decoded.Length);
        name.FirstHelp = Count++;
    }

    /// <summary>The most frequent text; of equally frequent ones the first in ordinal order; -1 if there is none.</summary>
    public int Choose(in NameEntry name)
    {
        var best = name.FirstHelp;
        for (var index = best; index >= 0; index = _texts[index].Next)
        {
            var difference = _texts[index].Sources - _texts[best].Sources;
            if (difference > 0 || (difference == 0 && Text(index).SequenceCompareTo(Text(best)) < 0))
                best = index;
        }

        return best;
    }

    public bool HasConflict(in NameEntry name) => name.FirstHelp >= 0 && _texts[name.FirstHelp].Next >= 0;

    private void Repeat(int text)
    {
        _texts[text].Sources++;
        _repeated.Add(text);
    }

    public void Clear()
    {
        Count = _firstText = 0;
        _repeated.Clear();
        if (_repeated.Capacity > KeepBytes / sizeof(int))
            _repeated.Capacity = 0;
        _bytes.Trim(KeepBytes);
        if (_texts.Length > KeepBytes / 16)
            _texts = new HelpText[DebugSizes.Pick(64, 1)];
    }
}
