using ModelRunner.Daemon.Runners;

namespace ModelRunner.Daemon.Engines.Llama;

/// <summary>The lines of llama-server and llama-host that explain why they end.</summary>
internal static class LlamaLogLines
{
    private const string NoThreads =
        "no more threads may be started; raise the limit of processes (ulimit -u, or the pids limit of the control group)";

    /// <summary>The known lines of llama.cpp 0.5 to 0.7, the most precise first.</summary>
    public static IReadOnlyList<KnownLogLine> All { get; } =
    [
        new("failed to open GGUF file", RunnerFailureReason.ModelMissing, "the model's file cannot be opened"),
        new("invalid magic characters", RunnerFailureReason.ModelInvalid, "the model's file is no GGUF"),
        new("is not within the file bounds", RunnerFailureReason.ModelInvalid, "the model's file is cut short or damaged"),
        new("mismatch between text model", RunnerFailureReason.ModelInvalid,
            "the image projector is of another model; name the right one as mmproj in model-runner.json, or none"),
        new("failed to load multimodal model", RunnerFailureReason.ModelInvalid, "the image projector cannot be loaded"),
        new("unknown model architecture", RunnerFailureReason.ModelUnsupported, "this engine does not know the model's architecture"),
        new("unknown pre-tokenizer type", RunnerFailureReason.ModelUnsupported, "this engine does not know the model's tokenizer"),
        new("check_tensor_dims", RunnerFailureReason.ModelInvalid, "the model's file does not hold what its architecture needs"),
        new("missing tensor", RunnerFailureReason.ModelInvalid, "the model's file does not hold what its architecture needs"),
        new("gguf_init_from_", RunnerFailureReason.ModelInvalid, "the model's file cannot be read"),
        new("System.Threading.Thread.StartCore", RunnerFailureReason.OutOfMemory, NoThreads),
        new("what():  Resource temporarily unavailable", RunnerFailureReason.OutOfMemory, NoThreads),
        new("System.OutOfMemoryException", RunnerFailureReason.OutOfMemory, "there is not enough memory"),
        new("out of memory", RunnerFailureReason.OutOfMemory, "there is not enough memory"),
        new("insufficient memory", RunnerFailureReason.OutOfMemory, "there is not enough memory"),
        new("failed to allocate", RunnerFailureReason.OutOfMemory, "there is not enough memory"),
        new("unable to allocate", RunnerFailureReason.OutOfMemory, "there is not enough memory"),
        new("std::bad_alloc", RunnerFailureReason.OutOfMemory, "there is not enough memory"),
        new("couldn't bind HTTP server socket", RunnerFailureReason.Socket, "it could not listen on its socket"),
        new("invalid argument:", RunnerFailureReason.Argument, "it does not know an argument"),
        new("error while handling argument", RunnerFailureReason.Argument, "it does not take an argument's value"),
        new("error while handling environment variable", RunnerFailureReason.Argument, "it does not take a variable's value"),
        new("GGML_ASSERT", RunnerFailureReason.Crashed, "an assertion in it failed"),
        new("GGML_ABORT", RunnerFailureReason.Crashed, "it aborted (GGML_ABORT)"),
        new("CUDA error", RunnerFailureReason.Crashed, "the graphics card failed"),
        new("error loading model:", RunnerFailureReason.ModelInvalid, "the model could not be loaded"),
        new("failed to execute", RunnerFailureReason.NotStarted, "its executable cannot be run"),
    ];
}
