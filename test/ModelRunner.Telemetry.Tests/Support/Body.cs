using System.Text;

namespace ModelRunner.Telemetry.Tests.Support;

/// <summary>Reads whole bodies in parts.</summary>
internal static class Body
{
    public static ResponseFigures OfText(string text, ResponseFormat format) => InParts(Encoding.UTF8.GetBytes(text), format);

    /// <summary>Reads a body that is cut before each of the offsets, which are in order.</summary>
    public static ResponseFigures InParts(byte[] body, ResponseFormat format, params ReadOnlySpan<int> cuts)
    {
        var reader = new ResponseReader(format);
        int start = 0;
        foreach (int cut in cuts)
        {
            reader.Read(body.AsSpan(start, cut - start));
            start = cut;
        }

        reader.Read(body.AsSpan(start));
        reader.Complete();
        return reader.Figures;
    }

    public static ResponseFigures ByteByByte(byte[] body, ResponseFormat format) =>
        InParts(body, format, [.. Enumerable.Range(0, body.Length)]);
}
