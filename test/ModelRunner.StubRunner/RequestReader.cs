using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace ModelRunner.StubRunner;

/// <summary>Reads HTTP/1.1 requests from a socket, one after the other.</summary>
internal sealed class RequestReader(Socket socket, int connection, StubFaults faults, StubState state)
{
    private byte[] _buffer = new byte[8192];
    private int _end;
    private int _start;

    /// <summary>The next request; null at the end of the connection.</summary>
    public async Task<StubRequest?> ReadAsync()
    {
        string? first = await ReadLineAsync();
        if (string.IsNullOrEmpty(first))
            return null;

        string[] parts = first.Split(' ');
        var headers = new List<KeyValuePair<string, string>>();
        for (string? line = await ReadLineAsync(); !string.IsNullOrEmpty(line); line = await ReadLineAsync())
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            headers.Add(new(line[..colon], line[(colon + 1)..].Trim()));
        }

        var request = new StubRequest(parts[0], parts[1], headers, [], connection);
        state.IsHung |= parts[0] == "POST" && faults.IsOn("hang_at_body");
        if (state.IsHung)
            await Task.Delay(Timeout.InfiniteTimeSpan);
        byte[] body = request.Header("Transfer-Encoding") == "chunked"
            ? await ReadChunksAsync()
            : await ReadExactlyAsync(int.Parse(request.Header("Content-Length") ?? "0", CultureInfo.InvariantCulture));
        return request with { Body = body };
    }

    /// <summary>Waits until more bytes came (true) or the client went away (false).</summary>
    public async Task<bool> WaitForMoreAsync()
    {
        if (_end > _start)
            return true;
        return await FillAsync();
    }

    private async Task<byte[]> ReadChunksAsync()
    {
        using var body = new MemoryStream();
        while (true)
        {
            string size = (await ReadLineAsync() ?? "0").Split(';')[0];
            int length = int.Parse(size, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            body.Write(await ReadExactlyAsync(length));
            await ReadLineAsync();
            if (length == 0)
                return body.ToArray();
        }
    }

    private async Task<byte[]> ReadExactlyAsync(int length)
    {
        byte[] bytes = new byte[length];
        for (int filled = 0; filled < length;)
        {
            if (_end == _start && !await FillAsync())
                throw new EndOfStreamException();
            int count = Math.Min(length - filled, _end - _start);
            _buffer.AsSpan(_start, count).CopyTo(bytes.AsSpan(filled));
            _start += count;
            filled += count;
        }

        return bytes;
    }

    private async Task<string?> ReadLineAsync()
    {
        while (true)
        {
            int length = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (length >= 0)
            {
                string line = Encoding.Latin1.GetString(_buffer, _start, length).TrimEnd('\r');
                _start += length + 1;
                return line;
            }

            if (!await FillAsync())
                return null;
        }
    }

    private async Task<bool> FillAsync()
    {
        if (_start > 0)
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);

        int count = await socket.ReceiveAsync(_buffer.AsMemory(_end));
        _end += count;
        return count > 0;
    }
}
