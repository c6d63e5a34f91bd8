// Every rule that ships, by name. The suites loop over it; the public entry does not import it, so that unused rules
// leave a user's bundle.
import { adabelief } from "./adabelief.js";
import { adam } from "./adam.js";
import { adamw } from "./adamw.js";

export const registry = { adam, adamw, adabelief };
