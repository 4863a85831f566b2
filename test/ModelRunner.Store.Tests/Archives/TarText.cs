using System.Formats.Tar;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Tests.Archives;

/// <summary>An archive that a test makes with .NET's own writer.</summary>
internal sealed class TarText : IDisposable
{
    private readonly MemoryStream _bytes = new();
    private readonly TarWriter _writer;
    private readonly TarEntryFormat _format;

    public TarText(TarEntryFormat format = TarEntryFormat.Pax)
    {
        _format = format;
        _writer = new TarWriter(_bytes, format, leaveOpen: true);
    }

    public static string NameOf(Digest digest) => $"blobs/{digest.Algorithm}/{digest.Hex}";

    public TarText Add(string name, byte[] content) => Add(TarEntryType.RegularFile, name, content);

    public TarText Add(TarEntryType type, string name, byte[]? content = null, string? link = null)
    {
        TarEntry entry = _format switch
        {
            TarEntryFormat.Gnu => new GnuTarEntry(type, name),
            TarEntryFormat.Ustar => new UstarTarEntry(type, name),
            _ => new PaxTarEntry(type, name),
        };
        if (content is not null)
            entry.DataStream = new MemoryStream(content);
        if (link is not null)
            entry.LinkName = link;
        _writer.WriteEntry(entry);
        return this;
    }

    /// <summary>Adds the files of an artifact and its manifest.</summary>
    public TarText Add(MadeArtifact made)
    {
        foreach ((Digest digest, byte[] content) in made.Files)
            Add(NameOf(digest), content);
        return Add("manifest.json", made.Manifest);
    }

    public MemoryStream ToStream()
    {
        _writer.Dispose();
        return new MemoryStream(_bytes.ToArray());
    }

    public void Dispose() => _writer.Dispose();
}
