//! Structs, variants and errors, as they stand on the wire.

use realtime_protocol::{
    lower::{Expr, Kind},
    schema::{Shape, VariantFields},
};

use super::{Printer, js::Js};
use crate::target::typescript::{lower::ty::T, names};

impl Printer<'_> {
    pub(super) fn construct(
        &mut self,
        expr: &Expr,
        ty: u16,
        variant: Option<&str>,
        fields: &[(String, Expr)],
        base: Option<&Expr>,
    ) -> Js {
        let named = self.body.types.get(usize::from(ty)).map_or(T::Error, T::of);
        let T::Named(name) = &named else {
            return self.refuse(expr, "this type has no constructor in TypeScript", "");
        };
        let values: Vec<&Expr> = fields.iter().map(|(_, value)| value).collect();
        let values = self.operands(&values, Self::stored);
        let fx = values.iter().fold(0, |fx, js| fx | js.fx);
        let parts: Vec<(String, String)> =
            fields.iter().zip(values).map(|((rust, _), js)| (rust.clone(), js.code)).collect();
        let Some(variant) = variant else { return self.structure_of(expr, &named, parts, fx, base) };
        let shape = self.types.def(name).map(|def| &def.shape);
        let (Some(Shape::Enum(variants) | Shape::TaggedEnum(_, variants) | Shape::Error(variants)), None) =
            (shape, base)
        else {
            return self.refuse(expr, "this variant has no form in TypeScript", "");
        };
        let Some(of) = variants.iter().find(|v| v.rust == variant) else {
            return self.refuse(expr, format!("`{name}` has no variant `{variant}` in the schema"), "");
        };
        let tag = match shape {
            Some(Shape::TaggedEnum(tag, _)) => Some(tag.as_str()),
            Some(Shape::Error(_)) => Some("code"),
            _ => None,
        };
        let content = match &of.fields {
            VariantFields::Unit => None,
            VariantFields::Newtype(_) => parts.first().map(|(_, code)| code.clone()),
            VariantFields::Tuple(_) => {
                let items: Vec<&str> = parts.iter().map(|(_, code)| code.as_str()).collect();
                Some(format!("[{}]", items.join(", ")))
            }
            VariantFields::Struct(of) => {
                let wire = |rust: &str| {
                    of.iter().find(|f| f.rust == rust).map_or_else(|| rust.to_owned(), |f| f.name.clone())
                };
                Some(object(parts.iter().map(|(rust, code)| (wire(rust), code.clone()))))
            }
        };
        let wire = names::quoted(&of.name);
        let code = match (tag, content, &of.fields) {
            (None, None, _) => wire,
            (None, Some(content), _) => format!("{{ {}: {content} }}", names::key(&of.name)),
            (Some(tag), None, _) => format!("{{ {}: {wire} }}", names::key(tag)),
            (Some(tag), Some(content), VariantFields::Struct(_)) => {
                let inner = content.trim_start_matches("{ ").trim_end_matches(" }");
                let rest = if inner == "{}" { String::new() } else { format!(", {inner}") };
                format!("{{ {}: {wire}{rest} }}", names::key(tag))
            }
            (Some(_), Some(_), _) => {
                return self.refuse(
                    expr,
                    "a variant without field names has no form beside a tag",
                    "name its fields",
                );
            }
        };
        Js::atom(code, fx).fresh()
    }

    fn structure_of(
        &mut self,
        expr: &Expr,
        ty: &T,
        parts: Vec<(String, String)>,
        fx: u8,
        base: Option<&Expr>,
    ) -> Js {
        let T::Named(name) = ty else { return Js::stable("undefined") };
        if let Some(Shape::Newtype(_)) = self.types.def(name).map(|def| &def.shape) {
            return match parts.into_iter().next() {
                Some((_, code)) => Js::new(code, 0, fx),
                None => self.refuse(expr, "a newtype without a value", ""),
            };
        }
        let fields = parts.into_iter().map(|(rust, code)| (self.wire_name(ty, &rust), code));
        let code = object(fields.collect::<Vec<_>>().into_iter());
        let Some(base) = base else { return Js::atom(code, fx).fresh() };
        // What follows `..` is moved, or copied field by field.
        let base_js = if matches!(*base.kind, Kind::Local(_)) { self.read(base) } else { self.value(base) };
        let inner = code.trim_start_matches("{ ").trim_end_matches(" }").to_owned();
        Js::atom(format!("{{ ...{}, {inner} }}", base_js.head()), fx | base_js.fx).fresh()
    }
}

fn object(fields: impl Iterator<Item = (String, String)>) -> String {
    let fields: Vec<String> = fields
        .map(|(wire, code)| {
            let key = names::key(&wire);
            if key == code { key } else { format!("{key}: {code}") }
        })
        .collect();
    if fields.is_empty() { "{}".into() } else { format!("{{ {} }}", fields.join(", ")) }
}
