// The settings at which each rule trains each kind of task: those that its authors advise, with the source of each.
// Plain JavaScript, because the experiments (node) and the pages (browser) both read it. It must not know the GPU.
//
// Sources:
// - "adabelief": the code of the AdaBelief paper, github.com/juntang-zhuang/Adabelief-Optimizer: the table under
//   "Details to reproduce results" of its README, and the names of the recorded curves and the commands in
//   PyTorch_Experiments/{classification_cifar10,LSTM,wgan-gp}, which hold the settings of all rules that it compares.
// - "hinton": Tieleman and Hinton 2012, lecture 6.5 (RMSProp at a learning rate of 1e-3 with decay 0.9).
// - "pytorch": the defaults of PyTorch.
// - "ours": no advice fits; the note says what was done instead.

export const COMPARED_RULES = /** @type {const} */ ([
  "adabelief",
  "adam",
  "adamw",
  "radam",
  "rmsprop",
  "sgd",
]);
export const TASKS = /** @type {const} */ (["images", "language", "gan"]);

/**
 * @typedef {typeof COMPARED_RULES[number]} ComparedRule
 * @typedef {typeof TASKS[number]} Task
 * @typedef {{ lr: number } & Record<string, number | boolean | readonly [number, number]>} RuleSettings
 * @typedef {object} Advice
 * @property {RuleSettings} settings
 * @property {"adabelief" | "hinton" | "pytorch" | "ours"} source
 * @property {string} [note] where ours had to differ
 */

const CIFAR_DECAY = 5e-4;
const LSTM_DECAY = 1.2e-6;
/** @type {readonly [number, number]} */
const GAN_BETAS = [0.5, 0.999];

/** @type {Record<Task, Record<ComparedRule, Advice>>} */
export const ADVISED = {
  // CIFAR-10 in the authors' code: VGG11, ResNet34, DenseNet121.
  images: {
    sgd: {
      settings: { lr: 0.03, momentum: 0.9, weightDecay: CIFAR_DECAY },
      source: "ours",
      note: "the authors' lr 0.1 is for networks with batch normalisation; without it one run of three never left chance",
    },
    adam: { settings: { lr: 1e-3, eps: 1e-8, weightDecay: CIFAR_DECAY }, source: "adabelief" },
    adamw: { settings: { lr: 1e-3, eps: 1e-8, weightDecay: 1e-2 }, source: "adabelief" },
    rmsprop: { settings: { lr: 1e-3, alpha: 0.9, eps: 1e-8, weightDecay: CIFAR_DECAY }, source: "hinton" },
    radam: { settings: { lr: 1e-3, eps: 1e-8, weightDecay: CIFAR_DECAY }, source: "adabelief" },
    adabelief: {
      settings: { lr: 1e-3, eps: 1e-8, weightDecay: CIFAR_DECAY, weightDecouple: false },
      source: "adabelief",
    },
  },
  // Penn Treebank in the authors' code: the settings of two and three layers.
  language: {
    sgd: {
      settings: { lr: 3, momentum: 0.9, weightDecay: LSTM_DECAY },
      source: "ours",
      note: "the authors run lr 30 without momentum; a tenth of it with momentum 0.9 moves as far",
    },
    adam: { settings: { lr: 1e-2, eps: 1e-8, weightDecay: LSTM_DECAY }, source: "adabelief" },
    adamw: { settings: { lr: 1e-2, eps: 1e-8, weightDecay: LSTM_DECAY }, source: "adabelief" },
    rmsprop: { settings: { lr: 1e-2, alpha: 0.99, eps: 1e-8, weightDecay: LSTM_DECAY }, source: "pytorch" },
    radam: { settings: { lr: 1e-2, eps: 1e-8, weightDecay: LSTM_DECAY }, source: "adabelief" },
    adabelief: { settings: { lr: 1e-2, eps: 1e-12, weightDecay: LSTM_DECAY }, source: "adabelief" },
  },
  // Wasserstein GANs in the authors' code, all rules at the learning rate 2e-4.
  gan: {
    sgd: {
      settings: { lr: 5e-3, momentum: 0.9 },
      source: "ours",
      note: "the authors' lr 2e-4 learns nothing in so few steps; this was the best of 2e-4, 1e-3, 5e-3, 0.02 and 0.1 after 200",
    },
    adam: { settings: { lr: 2e-4, betas: GAN_BETAS, eps: 1e-8 }, source: "adabelief" },
    adamw: { settings: { lr: 2e-4, betas: GAN_BETAS, eps: 1e-8, weightDecay: 1e-2 }, source: "adabelief" },
    rmsprop: { settings: { lr: 2e-4, alpha: 0.99, eps: 1e-8 }, source: "adabelief" },
    radam: { settings: { lr: 2e-4, betas: GAN_BETAS, eps: 1e-8 }, source: "adabelief" },
    adabelief: { settings: { lr: 2e-4, betas: GAN_BETAS, eps: 1e-12 }, source: "adabelief" },
  },
};
