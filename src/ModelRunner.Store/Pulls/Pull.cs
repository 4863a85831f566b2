using System.Diagnostics.CodeAnalysis;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Pulls;

/// <summary>One pull, which any number of clients follow. Its state may be read from any thread.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The source has no timer, and late holders of its token may still register.")]
internal sealed class Pull
{
    private readonly CancellationTokenSource _cancellation = new();
    private volatile IReadOnlyList<FileProgress> _files = [];
    private volatile PullStage _stage = PullStage.Waiting;

    internal Pull(ArtifactName name) => Name = name;

    /// <summary>The model.</summary>
    public ArtifactName Name { get; }

    /// <summary>What it does now.</summary>
    public PullStage Stage => _stage;

    /// <summary>Its files, in the order of the manifest; empty until they are known.</summary>
    public IReadOnlyList<FileProgress> Files => _files;

    /// <summary>Bytes of all files; 0 until they are known.</summary>
    public long TotalBytes => _files.Sum(static file => file.File.Size);

    /// <summary>Bytes that are there.</summary>
    public long Bytes => _files.Sum(static file => file.Bytes);

    /// <summary>Its end. It never fails: the outcome has the failure.</summary>
    public Task<PullOutcome> Completion { get; private set; } = null!;

    /// <summary>Clients that follow it. Only <see cref="PullQueue"/> uses it, under its lock.</summary>
    internal int Clients { get; set; } = 1;

    internal void Start(Func<CancellationToken, Task<PullOutcome>> run) => Completion = Task.Run(() => run(_cancellation.Token));

    internal void Enter(PullStage stage) => _stage = stage;

    internal void Show(IReadOnlyList<FileProgress> files) => _files = files;

    internal void Cancel() => _cancellation.Cancel();
}
