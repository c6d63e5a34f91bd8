// What the tests of the page "Conformance" change in the browser: these run in the page, and see nothing of this file.

/** Keeps what the page copies in an attribute of its body, instead of on the clipboard. */
export const keepCopies = () => {
  Clipboard.prototype.writeText = (copied) => {
    document.body.dataset.copied = copied;
    return Promise.resolve();
  };
};

/** Gives SGD's weight decay the wrong sign. */
export const breakSgd = () => {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its device below
  const create = GPUDevice.prototype.createShaderModule;
  GPUDevice.prototype.createShaderModule = function (descriptor) {
    const code = descriptor.code.replace(
      "scalars.gradScale * grad + scalars.weightDecay * param",
      "scalars.gradScale * grad - scalars.weightDecay * param",
    );
    return create.call(this, { ...descriptor, code });
  };
};

/** Keeps the device where a test can reach it: `deviceOfTest`. */
export const exposeDevice = () => {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its adapter below
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    const device = await requestDevice.call(this, descriptor);
    Object.assign(globalThis, { deviceOfTest: device });
    return device;
  };
};
