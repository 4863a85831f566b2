using System.Text;

namespace ModelRunner.Daemon.Diagnostics;

/// <summary>Writes lines to a stream, each with one write, so that lines of several processes do not mix within a line.</summary>
internal sealed class StreamLogSink(Stream stream) : ILogSink
{
    private readonly Lock _lock = new();
    private bool _isBroken;

    public void Write(string line)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(line + "\n");
        lock (_lock)
        {
            if (_isBroken)
                return;

            try
            {
                stream.Write(bytes);
                stream.Flush();
            }
            catch (IOException)
            {
                // Whoever read our log is gone. The daemon goes on without it.
                _isBroken = true;
            }
        }
    }

    public void Dispose() => stream.Dispose();
}
