// Every rule that ships, by name. The suites loop over it; the public entry does not import it, so that unused rules
// leave a user's bundle.
import { adabelief } from "./adabelief.js";
import { adagrad } from "./adagrad.js";
import { adam } from "./adam.js";
import { adamax } from "./adamax.js";
import { adamw } from "./adamw.js";
import { lion } from "./lion.js";
import { nadam } from "./nadam.js";
import { radam } from "./radam.js";
import { rmsprop } from "./rmsprop.js";
import { sgd } from "./sgd.js";

export const registry = { adam, adamw, adabelief, sgd, adagrad, rmsprop, nadam, radam, adamax, lion };
